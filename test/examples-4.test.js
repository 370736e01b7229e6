'use strict';

require('./lib/examples').runsExamples(4);
