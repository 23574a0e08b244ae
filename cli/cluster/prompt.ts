/** Prompt - what is typed and what is said on one terminal: a line that arrives while somebody types leaves what is typed whole. */
import { createInterface, type Interface } from "node:readline";
import { type Colour, painted, tell } from "../common/output.ts";

const COLOURS = { gateway: "green", commands: "yellow", queries: "cyan", nats: "magenta" } as const satisfies Record<string, Colour>;
const WIDTH = 12;

export class Prompt {
	#typing: Interface | null = null;

	/** A line of one of the processes, behind its name. */
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

	/** Lines typed, or piped, one after the other; `interrupted` at Ctrl-C, `done` when somebody ends the input of a terminal. */
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
