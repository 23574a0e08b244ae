/** Runs the tests of invalid requests against a gateway of a cluster. */
import { it } from "@jest/globals";
import { amongOthers } from "../../support/cluster.ts";

if (amongOthers()) await import("../../http/input/requests.spec.ts");
else it.skip("needs nats-server", () => undefined);
