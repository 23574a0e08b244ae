/** WalCopier - runs a thread that copies the write-ahead log of a file into the file. Without it, writers run these checkpoints themselves. */
import { Worker } from "node:worker_threads";
import type { DataFile } from "./file.ts";

export class WalCopier {
	readonly #worker: Worker;
	readonly #ended: Promise<void>;

	/** Of a file that is there. */
	constructor(file: DataFile) {
		this.#worker = new Worker(new URL("./wal-copier-worker.ts", import.meta.url), { workerData: { file: file.path } });
		this.#worker.on("error", () => undefined); // it could not be opened: the same is said by those who write
		this.#ended = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
	}

	/** Before those who write: the last one out clears away. */
	async close(): Promise<void> {
		this.#worker.postMessage("close");
		await this.#ended;
	}
}
