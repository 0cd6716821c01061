// Takes a part of the queue to the server. What the connection does is told as NotSent, never guessed.
import { NotSent } from "./technician-queue.js";

// In milliseconds, and for each millisecond more: a photo passes at 10,000 bytes a second.
const PATIENCE = 20_000;
const BYTES = 10;

export const token = () => document.cookie.split("; ").find((one) => one.startsWith("csrftoken="))?.slice(10) ?? "";

export function sender({ person, actions: address, today }) {
  const post = async (batch) => {
    const body = new FormData();
    const told = batch.map(({ id, device, order, kind, visit, device_at, seen, read_at, left_out, typed }) => ({ id, device, order, kind, visit, device_at, seen, read_at, left_out, typed }));
    for (const action of batch) action.photos.forEach((photo) => body.append(`photo-${action.id}`, photo, "photo.jpg"));
    const words = JSON.stringify({ person, sent_at: new Date().toISOString(), actions: told });
    body.append("batch", words);
    const bytes = batch.flatMap(({ photos }) => photos).reduce((sum, { size }) => sum + size, words.length);
    try {
      return await fetch(address, { method: "POST", body, headers: { "X-CSRFToken": token() }, redirect: "manual", signal: AbortSignal.timeout(PATIENCE + Math.round(bytes / BYTES)) });
    } catch (error) {
      throw new NotSent("unreachable", error.name === "TimeoutError");
    }
  };
  return async (batch) => {
    let answer = await post(batch);
    if (answer.status === 403) {
      // The form's token is older than the sign-in: any page of the desk brings the new one.
      await fetch(today, { redirect: "manual", cache: "no-store" }).catch(() => {});
      answer = await post(batch);
    }
    if (answer.type === "opaqueredirect") throw new NotSent("signed out");
    if (answer.status === 409) throw new NotSent("somebody else");
    // What stands in front of the server answers for it while it is away.
    if ([408, 429, 502, 503, 504].includes(answer.status)) throw new NotSent("unreachable");
    if (!answer.ok) throw new NotSent("fault");
    try {
      return await answer.json();
    } catch {
      throw new NotSent("unreachable");
    }
  };
}
