// A fault in the text of an expression, before it has a file: what is wrong and where in the text it starts.
// compile() turns it into a PalisadeError with file, line, column and caret.

/** `at` is an offset in UTF-16 units into the expression's text. */
export class SyntaxFault extends Error {
  constructor(message: string, readonly at: number) {
    super(message);
    this.name = 'SyntaxFault';
  }
}
