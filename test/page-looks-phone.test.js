'use strict';

require('./lib/looks').looksRight('phone-de', { phone: true, language: 'de-DE' });
