/** Runs `work` on every item, at most `jobs` at a time; results in the order of the items. */
export async function mapPool<T, R>(
  items: readonly T[],
  jobs: number,
  { work }: { work: (item: T, index: number) => Promise<R> },
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(jobs, items.length) }, worker));
  return results;
}
