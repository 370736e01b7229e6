'use strict';

require('./lib/looks').looksRight('light', {});
