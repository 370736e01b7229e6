'use strict';

/*
 * Loaded into a tool before its own code: answers the requests that it makes with axios from the file
 * in OFFLINE_ANSWERS, by address, and lets no connection leave the process.
 */

const fs = require('node:fs');
const net = require('node:net');

const answers = JSON.parse(fs.readFileSync(String(process.env.OFFLINE_ANSWERS), 'utf8'));

net.Socket.prototype.connect = () => {
  throw new Error('There is no network here');
};

/** @type {any} */
const axios = require(require.resolve('axios', { paths: [String(process.argv[1])] }));
axios.get = async (/** @type {string} */ url) => {
  if (!Object.hasOwn(answers, url)) throw new Error(`Nobody answers ${url}`);
  return { data: structuredClone(answers[url]) };
};
