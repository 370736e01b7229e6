'use strict';

require('./lib/sidebar').showsSecrets(5);
