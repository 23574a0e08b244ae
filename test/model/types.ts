/**
 * Types - mistakes that must not compile, one under each `@ts-expect-error`. If the types accept one, `tsc -p .` (part of `npm test`)
 * reports an unused directive. Nothing here runs.
 */
import { FREE } from "../support/access.ts";
import {
	aggregate,
	consult,
	type AskOf,
	type Asks,
	beside,
	codes,
	type CommandOf,
	type Commands,
	id,
	type Instant,
	instant,
	integer,
	invariant,
	optional,
	ownerSubject,
	type Origin,
	notBefore,
	processManager,
	projection,
	refuse,
	send,
	type Timeline,
	type Unknown,
} from "../../model/index.ts";
import { factsOf, given } from "../../model/given.ts";
import { about, given as givenRows } from "../../model/given-rows.ts";
import { given as givenWork } from "../../model/given-work.ts";
import { CODES } from "../../mixins/common/codes.ts";
import { unavailable } from "../../mixins/common/errors.ts";
import { caseOpening } from "../../services/infraction/case-opening.service.ts";
import type { detection } from "../../services/radar/detection.service.ts";
import { type radar, type RadarFacts, radar as radarModel } from "../../services/radar/radar.service.ts";
import type { login } from "../../services/identity/login.service.ts";
import type { owner } from "../../services/registration/owner.service.ts";
import { vehicle } from "../../services/registration/vehicle.service.ts";
import { vehicles } from "../../services/registration/vehicles.service.ts";
import { book, lent, posting } from "./library.ts";

// -- A lamp ---------------------------------------------------------------------
type Dark = { readonly status: "dark"; readonly bulbs: number };
type Lit = { readonly status: "lit"; readonly since: Instant };
type Lamp = Unknown | Dark | Lit;
interface LampFacts {
	"lamp.hung": { bulbs: number };
	"lamp.lit": { since: Instant };
}
const { ask, command, define, fact } = aggregate<Lamp, LampFacts>();
const hang = command(
	{ id: id(), bulbs: integer(1, 9) },
	{ may: FREE, allowedIn: ["unknown"], decide: (_unknown, { bulbs }) => [fact("lamp.hung", { bulbs })] },
);
const named = {
	name: "lamp",
	plural: "lamps",
	context: "house",
	reads: FREE,
	begins: ["lamp.hung"],
	asks: {},
	statuses: { dark: "no bulb shines", lit: "it shines" },
} as const;
const evolve = {
	"lamp.hung": (_unknown: Lamp, { bulbs }: { bulbs: number }): Dark => ({ status: "dark", bulbs }),
	"lamp.lit": (_lamp: Dark | Lit, { since }: { since: Instant }): Lit => ({ status: "lit", since }),
};
export const lamp = define({ ...named, commands: { hang }, evolve });

// -- Facts -----------------------------------------------------------------------
// @ts-expect-error a fact that does not exist
fact("lamp.broken", { bulbs: 1 });
// @ts-expect-error the data of another fact
fact("lamp.hung", { since: "2026-01-01T00:00:00.000Z" });
// @ts-expect-error a text for a number
fact("lamp.hung", { bulbs: "1" });
// @ts-expect-error missing data
fact("lamp.hung", {});
// @ts-expect-error unknown data
fact("lamp.hung", { bulbs: 1, watts: 60 });

// -- Evolve ----------------------------------------------------------------------
// @ts-expect-error a command that does not say who may send it
command({ id: id() }, { allowedIn: ["dark"], decide: () => [] });
// @ts-expect-error a role that does not exist
command({ id: id() }, { may: { king: "all" }, allowedIn: ["dark"], decide: () => [] });
// @ts-expect-error a scope that the role does not have
command({ id: id() }, { may: { device: "all" }, allowedIn: ["dark"], decide: () => [] });
// @ts-expect-error nothing says who may read its history
define({ ...named, reads: undefined, commands: { hang }, evolve });

// @ts-expect-error "lamp.lit" is missing
define({ ...named, commands: { hang }, evolve: { "lamp.hung": evolve["lamp.hung"] } });
// @ts-expect-error a fact of another name
define({ ...named, commands: { hang }, evolve: { ...evolve, "lamp.broken": (): Dark => ({ status: "dark", bulbs: 0 }) } });
// @ts-expect-error the data of another fact
define({ ...named, commands: { hang }, evolve: { ...evolve, "lamp.lit": (lamp: Dark | Lit, _data: { bulbs: number }) => lamp } });
// @ts-expect-error a state that does not exist
define({ ...named, commands: { hang }, evolve: { ...evolve, "lamp.lit": () => ({ status: "broken" as const }) } });
// @ts-expect-error no actor becomes unknown again
define({ ...named, commands: { hang }, evolve: { ...evolve, "lamp.lit": (): Unknown => ({ status: "unknown" }) } });
define({
	...named,
	commands: { hang },
	// @ts-expect-error only a creating fact gets an unknown state
	evolve: { ...evolve, "lamp.lit": (state) => (state.status === "unknown" ? { status: "dark", bulbs: 0 } : state) },
});
// @ts-expect-error it begins with a fact that does not exist
define({ ...named, begins: ["lamp.bought"], commands: { hang }, evolve });
// @ts-expect-error personal data of a fact that does not exist
define({ ...named, commands: { hang }, evolve, personal: { "lamp.bought": { fields: ["bulbs"] } } });
// @ts-expect-error personal data that is no field of the fact
define({ ...named, commands: { hang }, evolve, personal: { "lamp.hung": { fields: ["owner"] } } });
// @ts-expect-error a sealed field whose type does not admit that it is forgotten
define({ ...named, commands: { hang }, evolve, personal: { "lamp.hung": { fields: ["bulbs"], of: ({ id }) => ownerSubject(id) } } });
// @ts-expect-error a fact that forgets and does not exist
define({ ...named, commands: { hang }, evolve, forgets: { "lamp.bought": ({ id }: { id: string }) => ownerSubject(id) } });

// @ts-expect-error the status "lit" is missing
define({ ...named, statuses: { dark: "no bulb shines" }, commands: { hang }, evolve });
// @ts-expect-error a status that does not exist
define({ ...named, statuses: { ...named.statuses, broken: "it never shines" }, commands: { hang }, evolve });

// -- Codes ------------------------------------------------------------------------
const lampCodes = codes({ LAMP_HOT: { status: 409, means: "The lamp is hot.", then: "Wait." } });
refuse(lampCodes.LAMP_HOT, "The lamp l-1 is hot");
// @ts-expect-error a code that was not declared
refuse(lampCodes.LAMP_COLD, "The lamp l-1 is cold");
// @ts-expect-error a text is no code
refuse("LAMP_HOT", "The lamp l-1 is hot");
// @ts-expect-error an object with the fields of a code is no code
refuse({ name: "LAMP_COLD", status: 409, means: "The lamp is cold.", then: "Wait." }, "The lamp l-1 is cold");
// @ts-expect-error a code without the next step of the caller
codes({ LAMP_COLD: { status: 409, means: "The lamp is cold." } });
// @ts-expect-error a refusal is not a temporary failure
unavailable(lampCodes.LAMP_HOT, "The lamp l-1 is hot");
unavailable(CODES.STARTING, "This node is still starting");

// -- Commands --------------------------------------------------------------------
const aLamp = { id: id(), bulbs: optional(integer(1, 9)) };
// @ts-expect-error a status that does not exist
command(aLamp, { may: FREE, allowedIn: ["broken"], decide: () => [] });
// @ts-expect-error `since` is a field of a lit lamp, not of a dark one
command(aLamp, { may: FREE, allowedIn: ["dark"], decide: ({ since }) => [fact("lamp.lit", { since })] });
// @ts-expect-error with both statuses, neither field is certain
command(aLamp, { may: FREE, allowedIn: ["dark", "lit"], decide: ({ bulbs }) => [fact("lamp.hung", { bulbs })] });
command(aLamp, { may: FREE, allowedIn: ["dark"], decide: ({ bulbs }) => [fact("lamp.hung", { bulbs })] });
// @ts-expect-error a param that was not declared
command(aLamp, { may: FREE, allowedIn: ["dark"], decide: (_dark, { watts }) => [fact("lamp.hung", { bulbs: watts })] });
// @ts-expect-error a param that may be absent
command(aLamp, { may: FREE, allowedIn: ["dark"], decide: (_dark, { bulbs }) => [fact("lamp.hung", { bulbs })] });
// @ts-expect-error a fact of another aggregate
command(aLamp, { may: FREE, allowedIn: ["dark"], decide: () => [factsOf(vehicle)("vehicle.deregistered", { from: "" })] });
// @ts-expect-error `already` is not called for an unknown state
command(aLamp, { may: FREE, allowedIn: ["dark"], already: (state) => state.status === "unknown", decide: () => [] });
// @ts-expect-error one of a field that was not declared
command(aLamp, { may: FREE, allowedIn: ["dark"], oneOf: ["watts"], decide: () => [] });
// @ts-expect-error an answer from a fact that does not exist
command(aLamp, { may: FREE, allowedIn: ["dark"], decide: () => [], answer: ([first]) => ({ broken: first?.type === "lamp.broken" }) });
command(aLamp, {
	may: FREE,
	allowedIn: ["dark"],
	decide: () => [],
	// @ts-expect-error an answer from the data of another fact
	answer: ([first]) => (first?.type === "lamp.hung" ? { at: first.data.since } : {}),
});
const isLit = invariant("LAMP_DARK", "Only a lit lamp shines", ({ state }: { state: Lit }) => state.since !== "");
// @ts-expect-error a rule for a lit lamp does not apply to a dark one
command(aLamp, { may: FREE, allowedIn: ["dark"], require: [isLit], decide: () => [] });
command(aLamp, { may: FREE, allowedIn: ["lit"], require: [isLit], decide: () => [] });

// -- Asks ------------------------------------------------------------------------
// @ts-expect-error an ask that no actor offers
consult("radar.speed", (_params: object) => ({ id: "R" }));
// @ts-expect-error without the instant
consult("radar.enforcementAt", (_params: object) => ({ id: "R" }));
// @ts-expect-error with an instant that is a number
consult("radar.enforcementAt", (_params: object) => ({ id: "R", at: 0 }));
const ofTheRadar = { radar: consult("radar.enforcementAt", (params: { id: string }) => ({ id: params.id, at: "" })) };
command(aLamp, {
	may: FREE,
	allowedIn: ["dark"],
	consult: ofTheRadar,
	// @ts-expect-error the answer has no such field
	decide: (_dark, _params, { consulted }) => [fact("lamp.lit", { since: consulted.radar.since })],
});
command(aLamp, {
	may: FREE,
	allowedIn: ["dark"],
	consult: ofTheRadar,
	// @ts-expect-error no consult has this name
	decide: (_dark, _params, { consulted }) => (consulted.owner ? [] : []),
});
const ofRadar = { radar: consult("radar.enforcementAt", (of: { radar: string }) => ({ id: of.radar, at: "" })) };
// @ts-expect-error the ask needs a param that the command does not have
command(aLamp, { may: FREE, allowedIn: ["dark"], consult: ofRadar, decide: () => [] });
// @ts-expect-error an answer needs a state
ask({ id: id() }, (state) => state.status === "unknown");

// -- Tests ------------------------------------------------------------------------
const said = factsOf(radarModel);
// @ts-expect-error a command that no actor offers
given(radarModel).when("explode", {});
// @ts-expect-error a param of another name
given(radarModel).when("activate", { since: "" });
// @ts-expect-error a missing param
given(radarModel).when("calibrate", { number: "1", validFrom: "" });
// @ts-expect-error a fact of another aggregate
given(vehicle, said("radar.activated", { from: "" }));
const deregistering = given(vehicle).when("deregister", {});
// @ts-expect-error a fact of another aggregate
deregistering.then(said("radar.activated", { from: "" }));
// @ts-expect-error an answer that an owner does not give
given(vehicle).consulting({ owner: "nobody" });
// @ts-expect-error not consulted by the vehicle
given(vehicle).consulting({ radar: true });
// @ts-expect-error an ask that no actor offers
given(radarModel).ask("speed", {});

const gone = factsOf(vehicle)("vehicle.deregistered", { from: "" });
// @ts-expect-error a fact of another actor
about(vehicle, "V", said("radar.activated", { from: "" }));
// @ts-expect-error a fact of another actor in the same decision
about(vehicle, "V", [gone, said("radar.activated", { from: "" })]);
// @ts-expect-error a fact that does not exist
about(vehicle, "V", { type: "vehicle.stolen", data: {} });
// @ts-expect-error the data of another fact
about(vehicle, "V", { type: "vehicle.transferred", data: { from: "" } });
// @ts-expect-error a decision without facts
about(vehicle, "V", []);
const aboutRadar = about(radarModel, "R", said("radar.activated", { from: "" }));
const aboutVehicle = about(vehicle, "V", gone);
// @ts-expect-error the projection knows no fact of a radar
givenRows(vehicles, aboutVehicle, aboutRadar);
// @ts-expect-error a field that the row does not have
givenRows(vehicles, aboutVehicle).thenHas({ color: "red" });
// @ts-expect-error a value that the field never has
givenRows(vehicles, aboutVehicle).thenHas({ status: "stolen" });
// @ts-expect-error a row without all of its fields
givenRows(vehicles, aboutVehicle).then({ id: "V", version: 1, owner: "ada", status: "registered" });
// @ts-expect-error the process knows no fact of a radar
givenWork(caseOpening, aboutRadar);
// @ts-expect-error no facts arrive
givenWork(caseOpening).when();
// @ts-expect-error the process knows no fact of a radar
givenWork(caseOpening).when(aboutVehicle, aboutRadar);
const arriving = givenWork(caseOpening).when(aboutVehicle);
// @ts-expect-error a command that no actor offers
arriving.then(send("infraction.reopen", { id: "D" }, "cause"));
// @ts-expect-error nothing is needed: `thenNothing`
arriving.then();
// @ts-expect-error an instant is a text
arriving.at(12);
// @ts-expect-error a process needs commands, not work outside
arriving.then({ id: "D", request: {}, cause: "cause" });
const lending = givenWork(posting).when(about(book, "B", lent("")));
lending.then({ id: "B", request: {}, cause: "cause" });
// @ts-expect-error work without its cause
lending.then({ id: "B", request: {} });
// @ts-expect-error an effect wants work outside, not commands
lending.then(send("infraction.identify", { id: "D", holder: "P", basis: "registration:0:1" }, "cause"));
// @ts-expect-error the effect knows no fact of a vehicle
givenWork(posting, aboutVehicle);

// -- Processes -------------------------------------------------------------------
// @ts-expect-error a command that no actor offers
send("infraction.reopen", { id: "D" }, "cause");
// @ts-expect-error without its basis
send("infraction.identify", { id: "D", holder: "P" }, "cause");
// @ts-expect-error null is no holder
send("infraction.identify", { id: "D", holder: null, basis: "registration:0:1" }, "cause");
// @ts-expect-error a field that was not declared
send("infraction.identify", { id: "D", holder: "P", basis: "registration:0:1", who: "P" }, "cause");
const work = { name: "work", follows: ["house"], sends: [] };
interface Wired extends LampFacts {
	"lamp.wired": { bulbs: number; from: Instant };
}
const subjects = { start: {}, continue: {} };
const reference = { needs: () => null, changed: () => ({ from: null, to: null }) };
const on = { "lamp.wired": () => null };
processManager<Dark, LampFacts>({ ...work, subjects, next: () => [] });
// @ts-expect-error it starts with a fact that does not exist
processManager<Dark, LampFacts>({ ...work, subjects: { ...subjects, start: { "lamp.broken": () => null } }, next: () => [] });
processManager<Dark, LampFacts, { lit: Lit }>({
	...work,
	subjects,
	// @ts-expect-error a fact about a reference must have `from`
	references: { lit: { ...reference, on: { "lamp.hung": () => null } } },
	next: () => [],
});
processManager<Dark, Wired, { lit: Lit }>({
	...work,
	subjects,
	references: { lit: { ...reference, on } },
	next: (_dark, { lit }) => (lit ? [] : []),
});
processManager<Dark, Wired, { lit: Lit }>({
	...work,
	subjects,
	references: { lit: { ...reference, on } },
	// @ts-expect-error a reference that it does not declare
	next: (_dark, { dim }) => (dim ? [] : []),
});
// @ts-expect-error what comes next is a command, not a text
processManager<Dark, LampFacts>({ ...work, subjects, next: () => ["infraction.open"] });
// @ts-expect-error an instant is a text
notBefore(12, send("infraction.identify", { id: "D", holder: "P", basis: "registration:0:1" }, "cause"));

// -- Projections -----------------------------------------------------------------
const list = { name: "lamps", of: "lamp", may: FREE, follows: ["house"], show: (row: Dark) => row } as const;
projection<Dark, LampFacts>({ ...list, on: { "lamp.hung": (_none, { bulbs }) => ({ status: "dark", bulbs }) }, filters: ["bulbs"] });
// @ts-expect-error a fact that does not exist
projection<Dark, LampFacts>({ ...list, on: { "lamp.broken": () => null }, filters: [] });
// @ts-expect-error the data of another fact
projection<Dark, LampFacts>({ ...list, on: { "lamp.lit": (row, { bulbs }) => row && { ...row, bulbs } }, filters: [] });
// @ts-expect-error the row may be null
projection<Dark, LampFacts>({ ...list, on: { "lamp.lit": (row) => ({ status: "dark", bulbs: row.bulbs }) }, filters: [] });
// @ts-expect-error a filter that is no field of the row
projection<Dark, LampFacts>({ ...list, on: {}, filters: ["watts"] });
// @ts-expect-error a sort key that is no field of the row
projection<Dark, LampFacts>({ ...list, on: {}, filters: [], sorts: ["watts"] });
// @ts-expect-error a total of an unknown field
projection<Dark, LampFacts>({ ...list, on: {}, filters: [], counted: ["watts"] });
// @ts-expect-error shown is not what was promised
projection<Dark, LampFacts, Lit>({ ...list, on: {}, filters: [] });
declare const origin: Origin;
// @ts-expect-error beside a fact that does not exist
beside<LampFacts, "lamp.broken">(origin, "lamp.broken");

// -- `Asks` and `Commands` match the models ------------------------------------------
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Both types have the same content, however they were built. */
type Agree<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
const yes = <_T extends true>(): void => undefined;
yes<Agree<Asks["radar.enforcementAt"], AskOf<typeof radar, "enforcementAt">>>();
yes<Same<Asks["radar.enforcementAt"]["answer"]["lightKmh"], number | null>>();
yes<Agree<Asks["owner.exists"], AskOf<typeof owner, "exists">>>();
yes<Agree<Asks["login.holder"], AskOf<typeof login, "holder">>>();
yes<Same<keyof Asks, "radar.enforcementAt" | "owner.exists" | "infractions.openOf" | "login.holder">>();
yes<Agree<Commands["detection.record"], CommandOf<typeof detection, "record">>>();
yes<Same<Commands["infraction.open"]["holder"], string | null>>();
yes<Same<Parameters<(typeof radar)["evolve"]["radar.calibrated"]>[1], RadarFacts["radar.calibrated"]>>();
// @ts-expect-error two different types
yes<Agree<Asks["owner.exists"], AskOf<typeof radar, "enforcementAt">>>();
const when = { id: id(), at: instant(), again: optional(instant()) };
const at = ask(when, {}, (_lamp, params): Timeline<string> => [{ from: params.at, value: params.again ?? "" }]);
yes<Same<ReturnType<typeof at.answer>, Timeline<string>>>();
