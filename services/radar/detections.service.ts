/** Detections - each measured passage, with its outcome and the reason. */
import type { ServiceSchema } from "moleculer";
import { Projected } from "../../mixins/read-models/projected.ts";
import { projection } from "../../model/index.ts";
import { STAFF } from "../../model/index.ts";
import type { DetectionFacts } from "./detection.service.ts";

type Row = DetectionFacts["detection.recorded"] & {
	readonly status: "qualified" | "discarded";
	readonly reason: DetectionFacts["detection.discarded"]["reason"] | null;
	readonly limitKmh: number | null;
	readonly retainedKmh: number | null;
	readonly excessKmh: number | null;
};

export const detections = projection<Row, DetectionFacts>({
	name: "detections",
	of: "detection",
	may: STAFF,
	follows: ["radar"],
	on: {
		"detection.recorded": (_none, passage) => ({
			...passage,
			status: "discarded",
			reason: null,
			limitKmh: null,
			retainedKmh: null,
			excessKmh: null,
		}),
		"detection.qualified": (row, { limitKmh, retainedKmh, excessKmh }) =>
			row && { ...row, status: "qualified", limitKmh, retainedKmh, excessKmh },
		"detection.discarded": (row, { reason, limitKmh = null, retainedKmh = null }) =>
			row && { ...row, status: "discarded", reason, limitKmh, retainedKmh },
	},
	show: (row) => row,
	filters: ["radar", "plate", "status"],
	values: { status: ["qualified", "discarded"] },
	counted: ["status"],
	scattered: ["radar", "plate"],
});

export default { name: detections.name, mixins: [Projected(detections)] } satisfies ServiceSchema;
