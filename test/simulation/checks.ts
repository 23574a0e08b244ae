/** Checks - rules for the logs and all answers after every schedule (DESIGN §3 and §4, LAW 1 to 5); for rows see row-checks.ts. */
import { decide, unknownActor } from "../../model/decide.ts";
import { type Fact, isRefusal, type Model, type Refusal, sameJson } from "../../model/index.ts";
import type { Answered, Asked, Command } from "./clients.ts";
import { type Happened, Past, type Stream } from "./past.ts";
import { RowChecks } from "./row-checks.ts";
import type { Ordered } from "./scenario.ts";
import type { World } from "./world.ts";

type State = { readonly status: string };
type Outcome = readonly Fact[] | Refusal;
/** A time span in steps, both ends included. */
interface Time {
	readonly from: number;
	readonly to: number;
}

export function check(world: World): void {
	const past = new Past([...world.partitions.values()].flat(), world.scenario.models);
	for (const flaw of past.flaws) world.violated("log", flaw);
	if (past.flaws.length > 0) return;
	const checking = new Checking(world, past);
	checking.once();
	checking.decisions();
	for (const answered of world.clients.answers) checking.answer(answered);
	for (const asked of world.clients.asks) checking.ask(asked);
	const rows = new RowChecks(world, past);
	for (const projection of world.scenario.projections) if (world.runs(projection.name)) rows.rows(projection);
	for (const manager of world.scenario.processes) if (world.runs(manager.name)) rows.work(manager);
	for (const text of world.scenario.wrong(past, world)) world.violated("outcome", text);
}

class Checking {
	readonly #world: World;
	readonly #past: Past;
	/** Commits by stream and command id. */
	readonly #done = new Map<string, Happened[]>();

	constructor(world: World, past: Past) {
		this.#world = world;
		this.#past = past;
		for (const { stream, commits } of past.streams.values())
			for (const commit of commits) {
				const key = `${stream} ${commit.recorded.command.id}`;
				this.#done.set(key, [...(this.#done.get(key) ?? []), commit]);
			}
	}
	#model(service: string): Model {
		const found = this.#world.scenario.models.find(({ name }) => name === service);
		if (!found) throw new Error(`there is no model ${service}`);
		return found;
	}
	#commitsOf({ service, params }: Ordered, commandId: string): readonly Happened[] {
		return this.#done.get(`${service}-${params.id} ${commandId}`) ?? [];
	}

	/** A command is in the log once, however often it was sent. */
	once(): void {
		for (const [command, commits] of this.#done)
			if (commits.length > 1 && !command.endsWith(" given"))
				this.#world.violated("twice", `${command} took effect at ${commits.map(where).join(" and ")}`);
	}

	/** Each commit has the facts that its command decides on the state before it. */
	decisions(): void {
		const commands = new Map(this.#world.clients.commands.map((command) => [command.commandId, command]));
		for (const stream of this.#past.streams.values())
			for (const [n, happened] of stream.commits.entries()) {
				const { id } = happened.recorded.command;
				if (id === "given") continue;
				const command = commands.get(id);
				const asked = command ? [command] : (this.#world.asked.get(id) ?? []);
				const time = { from: command?.since ?? 0, to: happened.kept.seen };
				const right = asked.some((one) =>
					this.#outcomes(stream, n, one, happened.recorded.at, time).some((said) => sameJson(said, happened.recorded.facts)),
				);
				if (!right)
					this.#world.violated("stale decision", `${where(happened)} ${id} does not follow from ${JSON.stringify(stream.states[n])}`);
			}
	}

	/** The possible outcomes of a command after n commits, one for each possible combination of consulted answers in that time. */
	#outcomes(stream: Stream, n: number, { name, params, ...command }: Ordered & Partial<Command>, now: string, time: Time): Outcome[] {
		const definition = stream.model.commands[name];
		const state = stream.states[n];
		if (!definition || !state) return [];
		const version = stream.commits[n - 1]?.version ?? 0;
		return this.#consulted(definition.consult ?? {}, params, now, time).map(({ consulted, refusal }) =>
			decide(
				stream.model,
				definition,
				{ id: params.id, state, params, now, by: "", commandId: command.commandId ?? "", consulted },
				{ version, ifMatch: command.ifMatch, refusal },
			),
		);
	}
	#consulted(consult: NonNullable<Model["commands"][string]["consult"]>, params: object, now: string, time: Time) {
		let all: { readonly consulted: Readonly<Record<string, unknown>>; readonly refusal: Refusal | null }[] = [
			{ consulted: {}, refusal: null },
		];
		for (const [name, { ask, params: asking }] of Object.entries(consult)) {
			const asked = asking(params) as { id: string } | null; // each ask names an actor
			const answers = asked ? this.#answers(ask, asked, now, time) : [null];
			all = all.flatMap(({ consulted, refusal }) =>
				answers.map((answer) =>
					isRefusal(answer) ? { consulted, refusal: refusal ?? answer } : { consulted: { ...consulted, [name]: answer }, refusal },
				),
			);
		}
		return all;
	}
	/** Every possible answer of an ask in that time. */
	#answers(ask: string, params: { readonly id: string }, now: string, time: Time): unknown[] {
		const [service = "", name = ""] = ask.split(".");
		const model = this.#model(service);
		const stream = this.#past.of(model, params.id);
		return standing(stream, time).map((n): unknown => {
			const state: State = stream.states[n] ?? { status: "unknown" };
			return state.status === "unknown" ? unknownActor(model, params.id) : model.asks[name]?.answer(state, params, { now, id: params.id });
		});
	}

	/** An acknowledged command is in the log as answered; any other answer was right at some step between request and answer. */
	answer({ command, answer, from, to }: Answered): void {
		const said = isRefusal(answer) ? answer.code : answer.written || answer.replayed ? "done" : "nothing";
		const tell = (kind: string, what: string): void =>
			this.#world.violated(kind, `${command.commandId} (${command.service}.${command.name}) ${what}`);
		const [commit] = this.#commitsOf(command, command.commandId);
		if (!isRefusal(answer) && said === "done") {
			if (!commit) return tell("lost", `was acknowledged at ${answer.position} and is not in the log`);
			if (answer.position === where(commit) && answer.version === commit.version) return;
			return tell("wrong answer", `was answered with ${answer.position} v${answer.version}, but is at ${where(commit)} v${commit.version}`);
		}
		if (commit) return tell("done after all", `was answered ${said}, but is at ${where(commit)}, visible from step ${commit.kept.seen} on`);
		const stream = this.#past.of(this.#model(command.service), command.params.id);
		const right = standing(stream, { from, to }).flatMap((n) =>
			this.#outcomes(stream, n, command, command.at, { from, to }).map((outcome) => {
				if (isRefusal(outcome)) return outcome.code;
				const version = stream.commits[n - 1]?.version ?? 0;
				return outcome.length === 0 && (isRefusal(answer) || answer.version === version) ? "nothing" : "to be done";
			}),
		);
		if (!right.includes(said))
			tell("stale answer", `was answered ${said}; between step ${from} and ${to} it was ${[...new Set(right)].join(" or ")}`);
	}
	ask({ service, id, state, version, from, to, of }: Asked): void {
		const stream = this.#past.of(this.#model(service), id);
		const right = standing(stream, { from, to }).some((n) => {
			const stood = stream.states[n];
			const text = !stood || stood.status === "unknown" ? null : JSON.stringify(stood);
			return text === state && version === (text === null ? 0 : (stream.commits[n - 1]?.version ?? 0));
		});
		if (!right)
			this.#world.violated(
				"stale ask",
				`${of} answered that ${service} ${id} is ${state} v${version}, which was wrong between step ${from} and ${to}`,
			);
	}
}

const where = ({ partition, kept }: Happened): string => `${partition}:${kept.commit.position}`;
/** The numbers of commits that the stream had in that time. */
function standing({ commits, states }: Stream, { from, to }: Time): number[] {
	return states.flatMap((_, n) => {
		const since = commits[n - 1]?.kept.seen ?? 0;
		const until = commits[n]?.kept.seen ?? Infinity;
		return since <= to && until >= from ? [n] : [];
	});
}
