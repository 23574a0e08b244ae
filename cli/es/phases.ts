/** Phases - shows work in several steps, with one progress bar for each step. */
import type { Advance } from "../common/terminal.ts";
import type { Out } from "./out.ts";

export class Phases {
	readonly #out: Out;
	#phase = "";
	#advance: Advance = () => undefined;
	#end: () => void = () => undefined;
	#shown: Promise<void> = Promise.resolve();

	constructor(out: Out) {
		this.#out = out;
	}
	watch = (phase: string, done: number, total: number): void => {
		if (phase !== this.#phase) this.#begin(phase, total);
		this.#advance(done, total);
	};
	#begin(phase: string, total: number): void {
		this.#end();
		this.#phase = phase;
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#end = resolve;
		this.#shown = this.#out.progress(phase, total, (advance) => {
			this.#advance = advance;
			return promise;
		});
	}
	/** Ends the current bar; resolves when it is no longer shown. */
	async close(): Promise<void> {
		this.#end();
		await this.#shown;
	}
}
