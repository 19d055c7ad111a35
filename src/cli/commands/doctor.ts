/** placeholder */
import type { Context } from "../context.ts";
export async function run(_c: Context): Promise<number> { return await Promise.resolve(0); }
