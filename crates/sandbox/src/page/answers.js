// Answers to interactions: waits for them, and says so when none comes.

/** How long a bot has for its first answer, in milliseconds; a little is added for the way. */
const PATIENCE = 3_200;
const waiting = new Map();
/** Answers that were here before the request that asked for them had ended. */
const early = new Set();

/**
 * Starts an interaction with `begin`, which gives its id. `failed` is called when nobody answers in time, `ended` when the waiting is over: with
 * whether there was an answer.
 * Returns once the interaction has begun.
 */
export async function expectAnswer(begin, { failed, ended = () => {} }) {
  let id;
  try {
    id = await begin();
  } catch (error) {
    ended(false);
    throw error;
  }
  if (early.delete(id)) return ended(true);
  const timer = setTimeout(() => {
    waiting.delete(id);
    ended(false);
    failed();
  }, PATIENCE);
  waiting.set(id, () => (clearTimeout(timer), ended(true)));
}

/** An answer has come. */
export function answered(id) {
  const known = waiting.get(id);
  if (!known) {
    early.add(id);
    if (early.size > 50) early.delete(early.values().next().value);
    return;
  }
  waiting.delete(id);
  known();
}
