'use strict';

require('./lib/looks').looksRight('dark-de', { colours: 'dark', language: 'de-DE' });
