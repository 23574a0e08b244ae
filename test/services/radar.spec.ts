/** Radar - the effect of its commands, and the instant from which each one holds. */
import { describe, it } from "@jest/globals";
import { given } from "../../model/given.ts";
import { radar } from "../../services/radar/radar.service.ts";
import {
	activated,
	calibrated,
	day,
	deactivated,
	described,
	installation,
	installed,
	later,
	limited,
	relocated,
	retired,
} from "../grammar/words.ts";

const noon = day(100);
const site = { latitude: 1, longitude: 2 };

describe("a radar", () => {
	it("is installed from the beginning of time, under French law, by default", () =>
		given(radar)
			.when("install", installation)
			.then(installed({ limits: {} })));
	it("is installed from an instant, in another country, on request", () =>
		given(radar)
			.when("install", { ...installation, jurisdiction: "MA", limits: { heavyKmh: 60 }, from: noon })
			.then(installed({ jurisdiction: "MA", limits: { heavyKmh: 60 }, from: noon })));
	it("stores only the given fields", () =>
		given(radar)
			.when("install", { ...installation, name: "Bridge", road: "A1", direction: "Lille", sectionMeters: 1200, limits: {} })
			.then(installed({ name: "Bridge", road: "A1", direction: "Lille", sectionMeters: 1200, limits: {} })));
	it("keeps latitude and longitude apart, also zero", () =>
		given(radar, installed({ latitude: 0, longitude: -0.5 }))
			.ask("enforcementAt", { at: noon })
			.thenAnswered({
				kind: "fixed",
				jurisdiction: "FR",
				inService: false,
				certified: false,
				lightKmh: 80,
				heavyKmh: null,
				site: { latitude: 0, longitude: -0.5, road: null },
			}));
	it("installed again with the same content is already so, with defaults given or not", () => {
		given(radar, installed())
			.when("install", { ...installation, limits: { lightKmh: 80 } })
			.thenNothing();
		given(radar, installed())
			.when("install", { ...installation, limits: { lightKmh: 80 }, jurisdiction: "FR" })
			.thenNothing();
		given(radar, installed({ limits: {} }))
			.when("install", installation)
			.thenNothing();
	});
	it("installed again is compared with the original params, not with its current state", () =>
		given(radar, installed(), limited({ lightKmh: 50, from: noon }), retired(noon))
			.when("install", { ...installation, limits: { lightKmh: 80 } })
			.thenNothing());
	it("is not installed again with other content", () => {
		given(radar, installed()).when("install", installation).thenRefused("RADAR_ALREADY_EXISTS");
		given(radar, installed())
			.when("install", { ...installation, limits: { lightKmh: 81 } })
			.thenRefused("RADAR_ALREADY_EXISTS");
		given(radar, installed())
			.when("install", { ...installation, limits: { lightKmh: 80 }, from: noon })
			.thenRefused("RADAR_ALREADY_EXISTS");
	});
	it("is unknown to every other command before it is installed", () => {
		given(radar).when("activate", {}).thenRefused("RADAR_UNKNOWN", 404);
		given(radar).when("describe", { name: "Bridge" }).thenRefused("RADAR_UNKNOWN", 404);
		given(radar).when("retire", {}).thenRefused("RADAR_UNKNOWN", 404);
	});
});

describe("a change of a radar", () => {
	it("holds from now by default", () => {
		given(radar, installed()).at(noon).when("activate", {}).then(activated(noon));
		given(radar, installed())
			.at(noon)
			.when("activate", { from: day(1) })
			.then(activated(day(1)));
		given(radar, installed())
			.at(noon)
			.when("deactivate", { reason: "works", from: day(200) })
			.then(deactivated(day(200)));
		given(radar, installed())
			.at(noon)
			.when("relocate", site)
			.then(relocated({ ...site, from: noon }));
		given(radar, installed())
			.at(noon)
			.when("changeLimits", { lightKmh: 50 })
			.then(limited({ lightKmh: 50, from: noon }));
		given(radar, installed())
			.at(noon)
			.when("describe", { name: "Bridge" })
			.then(described({ name: "Bridge", from: noon }));
	});
	it("is already so if it holds now and has no date", () => {
		given(radar, installed(), activated(day(1)))
			.at(noon)
			.when("activate", {})
			.thenNothing();
		given(radar, installed({ road: "A1" }))
			.at(noon)
			.when("describe", { road: "A1" })
			.thenNothing();
		given(radar, installed()).at(noon).when("changeLimits", { lightKmh: 80 }).thenNothing();
		given(radar, installed()).at(noon).when("relocate", { latitude: 48.85, longitude: 2.35 }).thenNothing();
	});
	it("is not yet so if it only holds later", () =>
		given(radar, installed(), activated(day(101)))
			.at(noon)
			.when("activate", {})
			.then(activated(noon)));
	it("is so from its exact instant on", () => {
		given(radar, installed(), activated(noon)).at(noon).when("activate", {}).thenNothing();
		given(radar, installed(), activated(noon))
			.at(later(noon, -1))
			.when("activate", {})
			.then(activated(later(noon, -1)));
	});
	it("with a date is a separate record, even if the same value already held", () => {
		given(radar, installed(), activated(day(1)))
			.at(noon)
			.when("activate", { from: day(2) })
			.then(activated(day(2)));
		given(radar, installed(), activated(day(1)))
			.at(noon)
			.when("activate", { from: day(1) })
			.thenNothing();
	});
	it("of one limit leaves the other, and both are recorded if one is new", () => {
		const both = [installed({ limits: { lightKmh: 80, heavyKmh: 70 } }), limited({ lightKmh: 50, from: day(5) })] as const;
		given(radar, ...both)
			.at(noon)
			.when("changeLimits", { lightKmh: 50, heavyKmh: 70 })
			.thenNothing();
		given(radar, ...both)
			.at(noon)
			.when("changeLimits", { lightKmh: 50, heavyKmh: 60 })
			.then(limited({ lightKmh: 50, heavyKmh: 60, from: noon }));
	});
	it("is a relocation even if only the road is new", () =>
		given(radar, installed({ road: "A1" }))
			.at(noon)
			.when("relocate", { latitude: 48.85, longitude: 2.35, road: "A2" })
			.then(relocated({ latitude: 48.85, longitude: 2.35, road: "A2", from: noon })));
	it("is the same as the last one if only the reason differs", () =>
		given(radar, installed(), deactivated(day(1), "works"))
			.at(noon)
			.when("deactivate", { reason: "theft" })
			.thenNothing());
});

describe("a certificate", () => {
	const number = "C-1";
	it("is accepted if it is backdated, overlapping or expired, and on a retired radar", () => {
		given(radar, installed())
			.at(noon)
			.when("calibrate", { number, validFrom: day(1), validUntil: day(2) })
			.then(calibrated(day(1), day(2)));
		given(radar, installed(), calibrated(day(1), day(9), "C-0"))
			.when("calibrate", { number, validFrom: day(5), validUntil: day(15) })
			.then(calibrated(day(5), day(15)));
		given(radar, installed(), retired(day(3)))
			.when("calibrate", { number, validFrom: day(1), validUntil: day(2) })
			.then(calibrated(day(1), day(2)));
	});
	it("is one of at most a thousand", () => {
		const many = Array.from({ length: 1000 }, (_, n) => calibrated(day(1), later(day(2), n), `C-${n}`));
		given(radar, installed(), ...many.slice(1))
			.when("calibrate", { number: "C-0", validFrom: day(1), validUntil: day(2) })
			.then(calibrated(day(1), day(2), "C-0"));
		given(radar, installed(), ...many)
			.when("calibrate", { number: "another", validFrom: day(1), validUntil: day(2) })
			.thenRefused("RADAR_CERTIFICATES_FULL");
		given(radar, installed(), ...many)
			.when("calibrate", { number: "C-0", validFrom: day(1), validUntil: day(2) })
			.thenNothing();
	});
	it("is the same only with the same number and dates", () => {
		const one = [installed(), calibrated(day(1), day(9)), calibrated(day(9), day(20), "C-2")] as const;
		given(radar, ...one)
			.when("calibrate", { number, validFrom: day(1), validUntil: day(9) })
			.thenNothing();
		given(radar, ...one)
			.when("calibrate", { number, validFrom: day(1), validUntil: day(8) })
			.then(calibrated(day(1), day(8)));
		given(radar, ...one)
			.when("calibrate", { number: "C-9", validFrom: day(1), validUntil: day(9) })
			.then(calibrated(day(1), day(9), "C-9"));
	});
});

describe("a retired radar", () => {
	const gone = [installed(), activated(day(1)), retired(noon)] as const;
	it("is retired from now on, once, for any reason", () => {
		given(radar, installed()).at(noon).when("retire", {}).then(retired(noon));
		given(radar, installed()).at(noon).when("retire", { reason: "rust" }).then(retired(noon, "rust"));
		given(radar, ...gone)
			.at(day(200))
			.when("retire", { reason: "rust" })
			.thenNothing();
	});
	it("accepts no change from the instant it retired", () => {
		const then = given(radar, ...gone).at(day(200));
		then.when("activate", {}).thenRefused("RADAR_RETIRED");
		then.when("activate", { from: noon }).thenRefused("RADAR_RETIRED");
		then.when("deactivate", { reason: "works" }).thenRefused("RADAR_RETIRED");
		then.when("changeLimits", { lightKmh: 30 }).thenRefused("RADAR_RETIRED");
		then.when("relocate", { ...site, from: noon }).thenRefused("RADAR_RETIRED");
	});
	it("accepts changes dated before", () => {
		const before = later(noon, -1);
		const then = given(radar, ...gone).at(day(200));
		then.when("activate", { from: before }).then(activated(before));
		then.when("deactivate", { reason: "works", from: before }).then(deactivated(before));
		then.when("changeLimits", { lightKmh: 30, from: before }).then(limited({ lightKmh: 30, from: before }));
		then.when("relocate", { ...site, from: before }).then(relocated({ ...site, from: before }));
		then.when("describe", { name: "Bridge" }).then(described({ name: "Bridge", from: day(200) }));
	});
	it("records nothing for a repetition from before it retired", () =>
		given(radar, ...gone)
			.at(day(200))
			.when("activate", { from: day(1) })
			.thenNothing());
});
