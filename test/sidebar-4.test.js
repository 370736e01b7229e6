'use strict';

require('./lib/sidebar').showsSecrets(4);
