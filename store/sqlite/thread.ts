/** Thread - runs the statements of a file on a worker thread: requests run in order, results arrive as promises. */
import type { SQLInputValue } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { asError } from "../log.ts";
import { type DataFile, type Fault, faultOf, type Mode } from "./file.ts";
import type { Request, Run } from "./worker.ts";

type Cells = readonly SQLInputValue[];
interface Reply {
	readonly n: number;
	readonly result?: unknown;
	readonly error?: Fault;
}

export class Thread {
	readonly #worker: Worker;
	readonly #pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
	readonly file: DataFile;
	#n = 0;
	/** Reason why it accepts no more requests. */
	#ended: Fault | null = null;
	#closed: Promise<void>;

	constructor(file: DataFile, mode: Mode) {
		this.file = file;
		this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: { file: file.path, mode } });
		this.#worker.on("message", (reply: Reply) => this.#reply(reply));
		this.#worker.on("error", (error) => this.#fail(faultOf(asError(error))));
		this.#closed = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
		this.#worker.once("exit", () => this.#fail({ reason: "its thread has ended", damaged: false }));
	}

	query(sql: string, params: Cells = []): Promise<readonly Cells[]> {
		return this.#ask({ kind: "query", runs: [{ sql, rows: [params] }], expect: [] }) as Promise<readonly Cells[]>; // the worker returns rows of arrays
	}
	/** Runs all statements in one transaction, or none; false if an expected value differs. */
	transaction(runs: readonly Run[], expect: Request["expect"] = []): Promise<boolean> {
		return this.#ask({ kind: "transaction", runs, expect }) as Promise<boolean>; // the worker returns whether it committed
	}

	async close(): Promise<void> {
		this.#ended ??= { reason: "closed", damaged: false };
		this.#worker.postMessage("close");
		await this.#closed;
	}

	#ask(request: Omit<Request, "n">): Promise<unknown> {
		if (this.#ended !== null) return Promise.reject(this.file.failed(this.#ended));
		return new Promise((resolve, reject) => {
			const n = ++this.#n;
			this.#pending.set(n, { resolve, reject });
			this.#worker.postMessage({ ...request, n });
		});
	}
	#reply({ n, result, error }: Reply): void {
		const waiting = this.#pending.get(n);
		this.#pending.delete(n);
		if (error === undefined) waiting?.resolve(result);
		else waiting?.reject(this.file.failed(error));
	}
	#fail(fault: Fault): void {
		this.#ended ??= fault;
		for (const { reject } of this.#pending.values()) reject(this.file.failed(this.#ended));
		this.#pending.clear();
	}
}
