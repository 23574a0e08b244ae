/** ActorCodes - the codes that follow from a model: the actor is unknown, exists already, has another status, or breaks an invariant. */
import { type Code, codeNamed, codes, screaming } from "./codes.ts";
import { type AnyCommand, creates, type Model } from "./define.ts";

/** Codes of every actor. */
export const COMMON_CODES = codes({
	VERSION_MISMATCH: {
		status: 412,
		means: "`If-Match` names another version than the actor has: another command was faster.",
		then: "Read it again, and decide again.",
	},
	NOT_YET: {
		status: 409,
		means: "The command came before the instant from which it is allowed, by the clock of the actor's node.",
		then: "Send it again at that instant; a process retries it by itself.",
	},
});

/** `RADAR_UNKNOWN` */
export const unknownCode = (name: string): Code =>
	codeNamed(`${screaming(name)}_UNKNOWN`, {
		status: 404,
		means: `There is no ${name} with this id.`,
		then: "Correct the id, or create it first.",
	});
/** `RADAR_ALREADY_EXISTS` */
export const existsCode = (name: string): Code =>
	codeNamed(`${screaming(name)}_ALREADY_EXISTS`, {
		status: 409,
		means: `There is already a ${name} with this id and other content.`.replace(/ a (?=[aeiou])/, " an "),
		then: "Use another id, or change the one that exists.",
	});
/** `INFRACTION_CANCELLED` */
export const statusCode = ({ name, statuses }: Pick<Model, "name" | "statuses">, status: string): Code =>
	codeNamed(`${screaming(name)}_${screaming(status)}`, {
		status: 409,
		means: `The ${name} is ${status}: ${statuses[status] ?? ""}.`,
		then: "Read it: this command is allowed in another status.",
	});

/** The refusal of a command in a status that it does not allow. */
export function notAllowedCode(model: Model, definition: AnyCommand, status: string): Code {
	if (creates(definition)) return existsCode(model.name);
	return status === "unknown" ? unknownCode(model.name) : statusCode(model, status);
}

/** Statuses in which the status alone makes the command "already so", so that it is never refused. */
export const settledIn = ({ statuses }: Model, { already }: AnyCommand): string[] =>
	Object.keys(statuses).filter((status) => {
		try {
			const nothingKnown = new Proxy({}, { get: () => Symbol() });
			return already?.({ status }, nothingKnown, { now: "" }) === true;
		} catch {
			return false; // it depends on more than the status
		}
	});

/** The codes of all refusals of a command, without those of consulted actors. */
export function codesOfCommand(model: Model, definition: AnyCommand): Code[] {
	const settled = settledIn(model, definition);
	const refusing = ["unknown", ...Object.keys(model.statuses)].filter(
		(status) => !definition.allowedIn.includes(status) && !settled.includes(status),
	);
	const all = [
		...refusing.map((status) => notAllowedCode(model, definition, status)),
		...(definition.require ?? []).map(({ code }) => code),
	];
	return [...new Map(all.map((code) => [`${code.name} ${code.means}`, code])).values()];
}

/** The codes of all refusals of a model. */
export const codesOfModel = (model: Model): Code[] => [
	unknownCode(model.name),
	...Object.values(model.commands).flatMap((definition) => codesOfCommand(model, definition)),
];
