'use strict';

require('./lib/sidebar-vault').knowsUsers(5);
