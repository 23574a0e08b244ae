/** Radar - what was given, from when it holds, and what it may enforce at an instant. */
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
	it("is installed from the beginning of time, by the law of France, unless it is said otherwise", () =>
		given(radar)
			.when("install", installation)
			.then(installed({ limits: {} })));
	it("is installed from an instant, in another country, where that is said", () =>
		given(radar)
			.when("install", { ...installation, jurisdiction: "MA", limits: { heavyKmh: 60 }, from: noon })
			.then(installed({ jurisdiction: "MA", limits: { heavyKmh: 60 }, from: noon })));
	it("keeps what is said about it, and nothing that is not", () =>
		given(radar)
			.when("install", { ...installation, name: "Bridge", road: "A1", direction: "Lille", sectionMeters: 1200, limits: {} })
			.then(installed({ name: "Bridge", road: "A1", direction: "Lille", sectionMeters: 1200, limits: {} })));
	it("keeps latitude and longitude apart, zero too", () =>
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
	it("that is installed again with the same content is already so, the defaults said or not", () => {
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
	it("that is installed again is compared with what was given, not with what became of it", () =>
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
	it("nobody installed is unknown to every other command", () => {
		given(radar).when("activate", {}).thenRefused("RADAR_UNKNOWN", 404);
		given(radar).when("describe", { name: "Bridge" }).thenRefused("RADAR_UNKNOWN", 404);
		given(radar).when("retire", {}).thenRefused("RADAR_UNKNOWN", 404);
	});
});

describe("a change of a radar", () => {
	it("holds from now unless it says from when", () => {
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
	it("that is so now is already so, where it does not say from when", () => {
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
	it("that is only to come is not so yet", () =>
		given(radar, installed(), activated(day(101)))
			.at(noon)
			.when("activate", {})
			.then(activated(noon)));
	it("that came to pass is so from its very instant", () => {
		given(radar, installed(), activated(noon)).at(noon).when("activate", {}).thenNothing();
		given(radar, installed(), activated(noon))
			.at(later(noon, -1))
			.when("activate", {})
			.then(activated(later(noon, -1)));
	});
	it("that is dated is a record of its own, though the same held already", () => {
		given(radar, installed(), activated(day(1)))
			.at(noon)
			.when("activate", { from: day(2) })
			.then(activated(day(2)));
		given(radar, installed(), activated(day(1)))
			.at(noon)
			.when("activate", { from: day(1) })
			.thenNothing();
	});
	it("of one limit leaves the other as it is, and both are said where one is new", () => {
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
	it("is one of place where only the road is new", () =>
		given(radar, installed({ road: "A1" }))
			.at(noon)
			.when("relocate", { latitude: 48.85, longitude: 2.35, road: "A2" })
			.then(relocated({ latitude: 48.85, longitude: 2.35, road: "A2", from: noon })));
	it("that no reason would tell apart from the last is the same", () =>
		given(radar, installed(), deactivated(day(1), "works"))
			.at(noon)
			.when("deactivate", { reason: "theft" })
			.thenNothing());
});

describe("a certificate", () => {
	const number = "C-1";
	it("is taken dated back, overlapping, expired, and on a retired radar", () => {
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
	it("is one of a thousand at most", () => {
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
	it("is the same with the same number and days only", () => {
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
	it("is retired from now on, once, whatever the reason", () => {
		given(radar, installed()).at(noon).when("retire", {}).then(retired(noon));
		given(radar, installed()).at(noon).when("retire", { reason: "rust" }).then(retired(noon, "rust"));
		given(radar, ...gone)
			.at(day(200))
			.when("retire", { reason: "rust" })
			.thenNothing();
	});
	it("begins nothing from the instant it retired", () => {
		const then = given(radar, ...gone).at(day(200));
		then.when("activate", {}).thenRefused("RADAR_RETIRED");
		then.when("activate", { from: noon }).thenRefused("RADAR_RETIRED");
		then.when("deactivate", { reason: "works" }).thenRefused("RADAR_RETIRED");
		then.when("changeLimits", { lightKmh: 30 }).thenRefused("RADAR_RETIRED");
		then.when("relocate", { ...site, from: noon }).thenRefused("RADAR_RETIRED");
	});
	it("takes what is dated before", () => {
		const before = later(noon, -1);
		const then = given(radar, ...gone).at(day(200));
		then.when("activate", { from: before }).then(activated(before));
		then.when("deactivate", { reason: "works", from: before }).then(deactivated(before));
		then.when("changeLimits", { lightKmh: 30, from: before }).then(limited({ lightKmh: 30, from: before }));
		then.when("relocate", { ...site, from: before }).then(relocated({ ...site, from: before }));
		then.when("describe", { name: "Bridge" }).then(described({ name: "Bridge", from: day(200) }));
	});
	it("repeats what was recorded before it retired without a word", () =>
		given(radar, ...gone)
			.at(day(200))
			.when("activate", { from: day(1) })
			.thenNothing());
});
