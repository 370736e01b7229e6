'use strict';

require('./lib/palette').installsFromCatalogue(4);
