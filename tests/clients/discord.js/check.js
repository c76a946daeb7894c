// One line for each thing that was tried; the first that is not so ends the program.
'use strict';

const assert = require('node:assert/strict');

/** Longer than anything here takes, but for a limit that is waited out. */
const SOON = 15_000;

/** Tries one thing. */
async function check(sentence, attempt) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came of it within ${SOON} ms`)), SOON);
  });
  try {
    await Promise.race([attempt(), late]);
  } catch (error) {
    console.log(`not ok  discord.js ${sentence}`);
    throw error;
  } finally {
    clearTimeout(timer);
  }
  console.log(`ok      discord.js ${sentence}`);
}

/** Waits for an event of an emitter that is the right one; listen before doing what causes it. */
function next(emitter, event, isIt = () => true) {
  return new Promise((resolve) => {
    const heard = (...given) => {
      if (!isIt(...given)) return;
      emitter.off(event, heard);
      resolve(given[0]);
    };
    emitter.on(event, heard);
  });
}

module.exports = { assert, check, next };
