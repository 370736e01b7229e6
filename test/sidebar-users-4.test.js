'use strict';

require('./lib/sidebar-vault').knowsUsers(4);
