/** Bound - loaded before a node of `npm run cluster`: it stops as at SIGTERM when whoever started it is gone, however that ended. */
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();
