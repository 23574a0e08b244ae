/** Runs the tests of the live feed against a gateway of a cluster. */
import { it } from "@jest/globals";
import { amongOthers } from "../../support/cluster.ts";

if (amongOthers()) await import("../../http/live/feed.spec.ts");
else it.skip("needs nats-server", () => undefined);
