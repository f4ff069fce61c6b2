// The text of an instant, where many follow each other within a second: made once for all of it.

/** Returns a function that gives the text of an instant in milliseconds since 1970; fractions of its second are not told to `make`. */
export function secondText(make: (date: Date) => string): (nowMs: number) => string {
  let second = NaN;
  let text = '';
  return (nowMs) => {
    if (Math.floor(nowMs / 1000) !== second) {
      second = Math.floor(nowMs / 1000);
      text = make(new Date(second * 1000));
    }
    return text;
  };
}
