'use strict';

require('./lib/examples').runsExamples(5);
