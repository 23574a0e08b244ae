/** WalCopier - runs a thread that copies the write-ahead log of a file into the file, so that writers do not run these checkpoints. */
import { Worker } from "node:worker_threads";
import type { DataFile } from "./file.ts";

export class WalCopier {
	readonly #worker: Worker;
	readonly #ended: Promise<void>;

	/** `file` must exist. */
	constructor(file: DataFile) {
		this.#worker = new Worker(new URL("./wal-copier-worker.ts", import.meta.url), { workerData: { file: file.path } });
		this.#worker.on("error", () => undefined); // the writers report the same error
		this.#ended = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
	}

	/** Must be called before the writers close: the last connection removes the write-ahead log. */
	async close(): Promise<void> {
		this.#worker.postMessage("close");
		await this.#ended;
	}
}
