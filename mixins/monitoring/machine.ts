/** Machine - figures of the process and its disk: memory, CPU, delay of the event loop, free disk space. */
import { statfs } from "node:fs/promises";
import { type EventLoopUtilization, monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { Give } from "../common/metric-names.ts";

/** Sampling interval of the event loop delay in milliseconds; measured delays include it. */
const EVERY = 20;
/** Length of the measuring period in milliseconds: scrapes within one period get the same figures. */
const LATELY = 10_000;
const NANOSECONDS = 1e9;

interface Loop {
	readonly p99: number;
	readonly max: number;
	readonly busy: number;
}

export class Machine {
	readonly #folder: string | null;
	#delays: ReturnType<typeof monitorEventLoopDelay> | null = null;
	#used: EventLoopUtilization = performance.eventLoopUtilization();
	#from = 0;
	#lately: Loop | null = null;

	/** `folder`: the data folder, null without one. */
	constructor(folder: string | null) {
		this.#folder = folder;
	}
	start(): void {
		this.#delays = monitorEventLoopDelay({ resolution: EVERY });
		this.#delays.enable();
		this.#from = performance.now();
	}
	stop(): void {
		this.#delays?.disable();
		this.#delays = null;
	}

	figures(give: Give): void {
		const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
		const { user, system } = process.cpuUsage();
		give("process_resident_memory_bytes", rss, {});
		give("process_cpu_seconds_total", (user + system) / 1e6, {});
		give("process_start_time_seconds", performance.timeOrigin / 1000, {});
		give("nodejs_heap_size_used_bytes", heapUsed, {});
		give("nodejs_heap_size_total_bytes", heapTotal, {});
		give("nodejs_external_memory_bytes", external, {});
		const { p99, max, busy } = this.#loop();
		give("nodejs_eventloop_lag_p99_seconds", p99, {});
		give("nodejs_eventloop_lag_max_seconds", max, {});
		give("nodejs_eventloop_utilization_ratio", busy, {});
	}

	/** Rejects if the folder does not exist. */
	async disk(give: Give): Promise<void> {
		if (this.#folder === null) return;
		const { bsize, bavail, blocks } = await statfs(this.#folder);
		give("vigie_data_free_bytes", bsize * bavail, {});
		give("vigie_data_size_bytes", bsize * blocks, {});
	}

	#loop(): Loop {
		const delays = this.#delays;
		const late = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - EVERY / 1000);
		const used = performance.eventLoopUtilization();
		const now: Loop = {
			p99: delays && delays.count > 0 ? late(delays.percentile(99)) : 0,
			max: delays && delays.count > 0 ? late(delays.max) : 0,
			busy: performance.eventLoopUtilization(used, this.#used).utilization,
		};
		if (performance.now() - this.#from < LATELY) return this.#lately ?? now;
		this.#from = performance.now();
		this.#used = used;
		delays?.reset();
		return (this.#lately = now);
	}
}
