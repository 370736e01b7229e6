'use strict';

require('./lib/sidebar-vault').changesSecrets(4);
