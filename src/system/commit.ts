/**
 * The commit of a built program: `tools/bundle.ts` writes it into the bundle, over this text. What runs
 * from a checkout still has the text, and asks the checkout.
 */
export const WRITTEN_COMMIT: string = "the commit of this build";
