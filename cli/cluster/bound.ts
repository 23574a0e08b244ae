/**
 * Bound - preloaded into each node of `npm run cluster`: stops the node as SIGTERM does when its supervisor is gone, however that ended.
 */
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();
