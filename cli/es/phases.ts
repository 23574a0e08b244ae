/** Phases - work in several steps, each with a bar as long as it lasts. */
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
	/** Resolves when nothing is shown any more. */
	async close(): Promise<void> {
		this.#end();
		await this.#shown;
	}
}
