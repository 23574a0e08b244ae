/** Prompt - input and output on one terminal: a line that arrives while the operator types leaves the typed text intact. */
import { createInterface, type Interface } from "node:readline";
import { type Colour, painted, tell } from "../common/output.ts";

const COLOURS = { gateway: "green", commands: "yellow", queries: "cyan", nats: "magenta" } as const satisfies Record<string, Colour>;
const WIDTH = 12;

export class Prompt {
	#typing: Interface | null = null;

	/** Prints a line of one process, after the name of the process. */
	say = (name: string, line: string): void => {
		const colour = Object.entries(COLOURS).find(([role]) => name.includes(role))?.[1] ?? "dim";
		this.tell(`${painted(colour, name.padEnd(WIDTH), process.stdout)} ${line}`);
	};
	tell = (text: string): void => {
		const typing = process.stdout.isTTY ? this.#typing : null;
		if (typing) process.stdout.write("\r\u001b[K");
		tell(text);
		typing?.prompt(true);
	};

	/** Runs typed or piped lines one after the other. Calls `interrupted` at Ctrl-C, and `done` at the end of a terminal's input. */
	listen(carryOut: (line: string) => Promise<void>, interrupted: () => void, done: () => void): void {
		const typing = createInterface({
			input: process.stdin,
			output: process.stdin.isTTY ? process.stdout : undefined,
			prompt: "cluster > ",
		});
		let last = Promise.resolve();
		typing.on("line", (line) => (last = last.then(() => carryOut(line)).then(() => this.#again())));
		typing.on("SIGINT", interrupted);
		typing.on("close", () => void (process.stdin.isTTY && done()));
		this.#typing = typing;
		this.#again();
	}
	#again(): void {
		if (process.stdin.isTTY) this.#typing?.prompt();
	}
	close(): void {
		const typing = this.#typing;
		this.#typing = null;
		typing?.close();
		if (typing && process.stdin.isTTY) process.stdout.write("\n");
	}
}
