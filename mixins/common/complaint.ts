/** Complaint - logs a recurring failure once when it begins, with its reason, and once when it is over. */
import { oneLine } from "../../store/figures.ts";

export class Complaint {
	readonly #what: string;
	readonly #warn: (line: string) => void;
	#said = false;

	/** `what`: the line to log, without the reason. */
	constructor(what: string, warn: (line: string) => void) {
		this.#what = what;
		this.#warn = warn;
	}
	failed(error: unknown): void {
		if (!this.#said) this.#warn(`${this.#what}: ${oneLine(error)}`);
		this.#said = true;
	}
	fine(): void {
		if (this.#said) this.#warn(`It is over: ${this.#what}`);
		this.#said = false;
	}
}
