'use strict';

require('./lib/sidebar-vault').changesSecrets(5);
