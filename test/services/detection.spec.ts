/** Detection - a passage is evidence, or kept as discarded with the first reason that applies. */
import { describe, expect, it } from "@jest/globals";
import { given } from "../../model/given.ts";
import { type JurisdictionId, type RadarKind, radarKinds } from "../../jurisdictions/index.ts";
import { refuse, unknownCode } from "../../model/index.ts";
import { detection } from "../../services/radar/detection.service.ts";
import { radar } from "../../services/radar/radar.service.ts";
import {
	activated,
	calibrated,
	day,
	discarded,
	enforcement,
	installed,
	later,
	MINUTE,
	passage,
	qualified,
	recorded,
	retired,
} from "../grammar/words.ts";

const now = day(11);
const seenBy = (radar: Parameters<typeof enforcement>[0]) =>
	given(detection)
		.consulting({ radar: enforcement(radar) })
		.at(now);

describe("a detection", () => {
	it("is recorded with its verdict and the data of the radar at that instant", () => {
		seenBy({}).when("record", passage()).then(recorded(), qualified());
		seenBy({}).when("record", passage()).thenAnswered({ outcome: "qualified" });
	});
	it("is kept with a reason if it is not evidence", () => {
		seenBy({ inService: false }).when("record", passage()).then(recorded(), discarded("RADAR_NOT_IN_SERVICE"));
		seenBy({ inService: false }).when("record", passage()).thenAnswered({ outcome: "discarded", reason: "RADAR_NOT_IN_SERVICE" });
	});
	it("consults its radar for the instant of capture, never for now", () =>
		expect(detection.commands.record.consult?.radar.params({ id: "D1", ...passage() })).toEqual({ id: "R1", at: day(10) }));
	it("of an unknown radar is refused, and stores nothing", () =>
		given(detection)
			.consulting({ radar: refuse(unknownCode("radar"), "There is no radar R1") })
			.when("record", passage())
			.thenRefused("RADAR_UNKNOWN", 404));
	it("sent again is already so, even if its radar changed", () => {
		const again = given(detection, recorded(), qualified()).consulting({ radar: enforcement({ inService: false }) });
		again.when("record", passage()).thenNothing();
		again.when("record", passage({ vehicleClass: "light" })).thenNothing();
		again.when("record", passage({ plate: "ab 123 cd" })).thenNothing();
	});
	it("with other content is refused, for every single field", () => {
		const once = given(detection, recorded(), discarded("NO_LIMIT")).consulting({ radar: enforcement() });
		for (const other of [
			{ radar: "R2" },
			{ plate: "AB-124-CD" },
			{ country: "IT" },
			{ vehicleClass: "heavy" },
			{ speedKmh: 101 },
			{ capturedAt: later(day(10), 1) },
		] as const)
			once.when("record", passage(other)).thenRefused("DETECTION_ALREADY_EXISTS");
	});
	it("is at most five minutes ahead of the clock, to the millisecond", () => {
		const capturedAt = later(now, 5 * MINUTE);
		seenBy({}).when("record", passage({ capturedAt })).then(recorded({ capturedAt }), qualified());
		seenBy({})
			.when("record", passage({ capturedAt: later(capturedAt, 1) }))
			.thenRefused("CAPTURED_IN_THE_FUTURE");
	});
	it("from long ago is accepted like any other", () => {
		const capturedAt = "1999-12-31T23:59:59.999Z";
		seenBy({}).when("record", passage({ capturedAt })).then(recorded({ capturedAt }), qualified());
	});
	it("stores its plate in the form of its country, or as read", () => {
		seenBy({})
			.when("record", passage({ plate: "ab123cd" }))
			.then(recorded(), qualified());
		seenBy({})
			.when("record", passage({ plate: "A?-123" }))
			.then(recorded({ plate: "A?-123" }), qualified());
		seenBy({})
			.when("record", passage({ plate: "2315a14", country: "MA" }))
			.then(recorded({ plate: "2315-A-14", country: "MA" }), qualified());
		seenBy({})
			.when("record", passage({ plate: "ab123cd", country: "IT" }))
			.then(recorded({ plate: "AB123CD", country: "IT" }), qualified());
	});
});

describe("the reason of a discarded detection", () => {
	const every = { inService: false, certified: false, lightKmh: null } as const;
	const why = (radar: Parameters<typeof enforcement>[0], reason: Parameters<typeof discarded>[0], speedKmh = 100) =>
		seenBy(radar).when("record", passage({ speedKmh })).then(recorded({ speedKmh }), discarded(reason));
	it("is the first one that applies: service, certificate, limit, tolerance", () => {
		why(every, "RADAR_NOT_IN_SERVICE", 1);
		why({ ...every, inService: true }, "CERTIFICATE_NOT_VALID", 1);
		why({ ...every, inService: true, certified: true }, "NO_LIMIT", 1);
		why({ ...every, certified: true }, "RADAR_NOT_IN_SERVICE", 400);
		why({ lightKmh: null }, "NO_LIMIT", 400);
	});
	it("comes with the limit and the retained speed if both are known", () =>
		seenBy({ lightKmh: 95 })
			.when("record", passage())
			.then(recorded(), discarded("WITHIN_TOLERANCE", { limitKmh: 95, retainedKmh: 95 })));
	it("is the certificate from the instant it expires until the next one begins", () => {
		const of = (capturedAt: string) => {
			const facts = [installed(), activated(day(1)), calibrated(day(5), day(10))] as const;
			const { answer } = given(radar, ...facts).ask("enforcementAt", { at: capturedAt });
			return given(detection).consulting({ radar: answer }).at(now).when("record", passage({ capturedAt }));
		};
		const site = { latitude: 48.85, longitude: 2.35, road: null };
		of(later(day(5), -1)).then(recorded({ capturedAt: later(day(5), -1) }), discarded("CERTIFICATE_NOT_VALID"));
		of(day(5)).then(recorded({ capturedAt: day(5) }), qualified({ site }));
		of(later(day(10), -1)).then(recorded({ capturedAt: later(day(10), -1) }), qualified({ site }));
		of(day(10)).then(recorded(), discarded("CERTIFICATE_NOT_VALID"));
	});
	it("does not apply to captures from before the radar retired", () => {
		const facts = [installed(), activated(day(1)), calibrated(day(1), day(90)), retired(day(10))] as const;
		const at = (instant: string) => given(radar, ...facts).ask("enforcementAt", { at: instant }).answer;
		expect(at(later(day(10), -1)).inService).toBe(true);
		given(detection)
			.consulting({ radar: at(day(10)) })
			.at(now)
			.when("record", passage())
			.then(recorded(), discarded("RADAR_NOT_IN_SERVICE"));
	});
});

describe("the limit a detection is judged by", () => {
	const heavy = passage({ vehicleClass: "heavy", speedKmh: 80 });
	const ofHeavy = recorded({ vehicleClass: "heavy", speedKmh: 80 });
	it("is the heavy one for a heavy vehicle, or the light one if there is no heavy one", () => {
		seenBy({ lightKmh: 80, heavyKmh: 60 })
			.when("record", heavy)
			.then(ofHeavy, qualified({ limitKmh: 60, retainedKmh: 75, excessKmh: 15 }));
		seenBy({ lightKmh: 70 })
			.when("record", heavy)
			.then(ofHeavy, qualified({ limitKmh: 70, retainedKmh: 75, excessKmh: 5 }));
		seenBy({ lightKmh: null, heavyKmh: 60 })
			.when("record", heavy)
			.then(ofHeavy, qualified({ limitKmh: 60, retainedKmh: 75, excessKmh: 15 }));
	});
	it("is the light one for a light vehicle, even if there is a heavy one", () => {
		seenBy({ lightKmh: 110, heavyKmh: 60 })
			.when("record", passage())
			.then(recorded(), discarded("WITHIN_TOLERANCE", { limitKmh: 110, retainedKmh: 95 }));
		seenBy({ lightKmh: null, heavyKmh: 60 }).when("record", passage()).then(recorded(), discarded("NO_LIMIT"));
	});
});

describe("the speed a detection retains", () => {
	const of = (kind: RadarKind, jurisdiction: JurisdictionId, speedKmh: number, retainedKmh: number) => {
		const at = (lightKmh: number) => seenBy({ kind, jurisdiction, lightKmh }).when("record", passage({ speedKmh }));
		at(retainedKmh - 1).then(
			recorded({ speedKmh }),
			qualified({ kind, jurisdiction, limitKmh: retainedKmh - 1, retainedKmh, excessKmh: 1 }),
		);
		at(retainedKmh).then(recorded({ speedKmh }), discarded("WITHIN_TOLERANCE", { limitKmh: retainedKmh, retainedKmh }));
	};
	it.each([
		[55, 50],
		[56, 51],
		[99, 94],
		[100, 95],
		[101, 95],
		[116, 110],
		[117, 111],
		[130, 123],
		[137, 130],
		[138, 131],
	])("of %i km/h measured from a fixed post is %i, and exceeds any lower limit", (measured, retained) =>
		of("fixed", "FR", measured, retained),
	);
	it.each([
		[61, 51],
		[111, 99],
		[112, 100],
		[124, 111],
		[146, 131],
	])("of %i km/h measured in a moving vehicle is %i", (measured, retained) => of("mobile", "FR", measured, retained));
	it.each([
		[70, 63],
		[71, 63],
		[72, 64],
		[110, 99],
	])("of %i km/h measured in Morocco is %i", (measured, retained) => of("fixed", "MA", measured, retained));
	it("is that of a fixed post for every kind except mobile", () => {
		for (const kind of radarKinds.filter((kind) => kind !== "mobile")) of(kind, "FR", 100, 95);
	});
	it("is never below zero", () =>
		seenBy({ lightKmh: 1 })
			.when("record", passage({ speedKmh: 1 }))
			.then(recorded({ speedKmh: 1 }), discarded("WITHIN_TOLERANCE", { limitKmh: 1, retainedKmh: 0 })));
});
