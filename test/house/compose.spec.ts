/** Compose - checks the files of `docker compose up`: every name in them refers to something that exists. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "@jest/globals";
import { ENVIRONMENT } from "../../node/environment.ts";
import { serviceFiles } from "../../node/services.ts";
import { settingsOf } from "../../node/settings.ts";
import { GRACE } from "../../moleculer.config.ts";
import { CLUSTER_KEY } from "../support/cluster.ts";
import { Folder } from "../support/folder.ts";
import { parseYaml } from "../support/yaml.ts";
import { sourcesOf } from "./sources.ts";

interface Container {
	readonly image: string;
	readonly build?: string;
	readonly environment?: Readonly<Record<string, string>>;
	readonly volumes?: readonly string[];
	readonly ports?: readonly string[];
	readonly healthcheck?: object;
	readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
	readonly deploy?: { readonly replicas: string };
	readonly stop_grace_period?: string;
}
interface Compose {
	readonly services: Readonly<Record<string, Container>>;
	readonly volumes: Readonly<Record<string, object>>;
}
interface Scraping {
	readonly rule_files: readonly string[];
	readonly scrape_configs: readonly {
		readonly job_name: string;
		readonly dns_sd_configs: readonly { readonly names: readonly string[]; readonly type: string; readonly port: string }[];
	}[];
}
const root = fileURLToPath(new URL("../../", import.meta.url).href);
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const parsed = <T>(file: string): T => parseYaml(read(file)) as T;

/** As Compose reads it while CLUSTER_KEY is set. */
const composeText = read("docker-compose.yml").replace(/\$\{CLUSTER_KEY:\?[^}]+\}/, CLUSTER_KEY);
const compose = parseYaml(composeText) as unknown as Compose; // the tests check what they use
const containers = Object.entries(compose.services);
const nodes = containers.filter(([, { build }]) => build !== undefined);
const dockerfile = read("Dockerfile");
const image = Object.fromEntries(
	(/^ENV (.+)$/m.exec(dockerfile)?.[1] ?? "").split(" ").map((pair) => pair.split("=") as [string, string]),
) as Readonly<Record<string, string>>;
const copied = [...dockerfile.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, files = ""]) => files.split(" "));
/** The `from:to` of every mount, of files and of volumes. */
const mounts = ([, { volumes = [] }]: readonly [string, Container]): readonly (readonly [from: string, to: string])[] =>
	volumes.map((volume) => [volume.split(":")[0] ?? "", volume.split(":")[1] ?? ""]);

describe("the containers", () => {
	const folder = new Folder();
	afterAll(() => folder.remove());

	it.each(nodes.map(([name, { environment }]) => [name, environment] as const))("%s has valid settings", async (_name, given) => {
		const names = Object.keys({ ...image, ...given });
		expect(names.filter((name) => !(name in ENVIRONMENT))).toEqual([]);
		const settings = await settingsOf({ ...image, ...given, DATA_DIR: folder.path, PORT: "0", METRICS_PORT: "0" });
		expect(settings.host).toBe("0.0.0.0");
		expect(settings).toMatchObject({ natsUrl: expect.any(String), mongoUrl: expect.any(String), nodeId: undefined });
		expect(settings.clusterKeys).toHaveLength(1);
		expect(settings.services.length).toBeGreaterThan(0);
	});
	it("of the image alone do not start without TLS or a proxy", async () => {
		const start = settingsOf({ ...image, DATA_DIR: folder.path, PORT: "0", METRICS_PORT: "0" });
		await expect(start).rejects.toThrow(/^HOST is "0\.0\.0\.0", which other machines can reach: /);
	});
	it("run every service, each on one side only", async () => {
		const sides = new Set(nodes.map(([, { environment }]) => environment?.["SERVICES"] ?? ""));
		const run = await Promise.all(
			[...sides].map(async (SERVICES) => (await settingsOf({ SERVICES, DATA_DIR: folder.path, PORT: "0" })).services),
		);
		const names = (files: readonly { readonly context: string; readonly name: string }[]) =>
			files.map(({ context, name }) => `${context}/${name}`).toSorted();
		expect(names(run.flat())).toEqual(names(serviceFiles()));
	});
	it("run two of each side of a context, and two gateways", () => {
		const twice = nodes.filter(([, { deploy }]) => deploy?.replicas === "2").map(([name]) => name);
		expect(twice).toEqual(nodes.map(([name]) => name).filter((name) => !name.startsWith("gateway")));
		expect(twice).toEqual(expect.arrayContaining(["radar-commands", "infraction-queries"]));
		expect(nodes.filter(([, { environment }]) => environment?.["SERVICES"] === "gateway").map(([name]) => name)).toEqual([
			"gateway",
			"gateway-2",
		]);
	});
	it("publish different ports of the machine, and only on the loopback address", () => {
		for (const [, { ports, deploy }] of containers) expect([ports, deploy].filter((one) => one !== undefined).length).toBeLessThan(2);
		const ports = containers.flatMap(([, { ports: published = [] }]) => published);
		expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
		expect(new Set(ports.map((port) => port.split(":")[1])).size).toBe(ports.length);
	});
	it("wait for healthy dependencies", () => {
		for (const [, { depends_on: needs }] of nodes) {
			expect(Object.keys(needs ?? {})).toEqual(["nats", "mongo"]);
			for (const [name, { condition }] of Object.entries(needs ?? {})) {
				expect(condition).toBe("service_healthy");
				expect(compose.services[name]?.healthcheck).toBeDefined();
			}
		}
	});
	it("contain no cluster key: Compose takes it from the environment, and refuses to start without it", () => {
		expect(read("docker-compose.yml")).toMatch(/^ {2}CLUSTER_KEY: "\$\{CLUSTER_KEY:\?/m);
		expect(composeText).toContain(`CLUSTER_KEY: "${CLUSTER_KEY}"`);
	});
	it("have more time to stop than they need", () =>
		expect(nodes.map(([, { stop_grace_period: grace = "" }]) => Number(/^(\d+)s$/.exec(grace)?.[1]) * 1000 > GRACE + 5000)).not.toContain(
			false,
		));
	it("address each other by existing names", () => {
		const hosts = nodes.flatMap(([, { environment = {} }]) =>
			["NATS_URL", "MONGO_URL"].map((name) => new URL(environment[name] ?? "").hostname),
		);
		expect([...new Set(hosts)]).toEqual(["nats", "mongo"]);
		expect(JSON.stringify(compose.services["mongo"])).toContain("host: 'mongo:27017'");
		expect(JSON.stringify(compose.services["mongo"])).toContain("_id: 'rs0'");
	});
	it("sign with one key, in a volume that all of them mount", () =>
		expect(nodes.filter((one) => !mounts(one).some(([from, to]) => from === "keys" && to === `${image["DATA_DIR"]}/keys`))).toEqual([]));
	it("have images with a fixed version", () => {
		const images = containers.map(([, one]) => one.image);
		expect(images.filter((one) => !/^[\w./-]+:v?\d+\.\d+\.\d+(-[\w.]+)?$/.test(one))).toEqual([]);
	});
	it("mount existing files, and all declared volumes", () => {
		const from = containers.flatMap(mounts).map(([source]) => source);
		expect(from.filter((source) => source.startsWith(".") && !existsSync(join(root, source)))).toEqual([]);
		expect([...new Set(from.filter((source) => !source.startsWith(".")))].toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
	});
	it("contain no secret", () => {
		const given = containers.flatMap(([, { environment = {} }]) => Object.entries(environment));
		expect(given.filter(([name, value]) => /PASS|SECRET|TOKEN|_KEY|USER/.test(name) && value !== CLUSTER_KEY)).toEqual([]);
		expect(given.filter(([, value]) => value.includes("@"))).toEqual([]);
	});
});

describe("the image", () => {
	it("has the Node version of the tests", () => {
		const { devDependencies, version } = JSON.parse(read("package.json")) as { devDependencies: { node: string }; version: string };
		expect(/^FROM (.+)$/m.exec(dockerfile)?.[1]).toBe(`node:${devDependencies.node}-slim`);
		expect(new Set(nodes.map(([, one]) => one.image))).toEqual(new Set([`vigie:${version}`]));
	});
	it("contains exactly the folders that its command imports", () => {
		const rooms = new Set(
			sourcesOf("services", "mixins", "model", "store", "jurisdictions", "node", "cli", "moleculer.config.ts")
				.flatMap(({ path, imports }) => [path, ...imports.flatMap(({ target, ours }) => (ours ? [target] : []))])
				.map((path) => path.split("/")[0] ?? ""),
		);
		expect(copied.toSorted()).toEqual([...rooms, "package.json", "package-lock.json"].toSorted());
		const letIn = read(".dockerignore").trim().split("\n");
		expect(letIn[0]).toBe("*");
		expect(
			letIn
				.slice(1)
				.map((line) => line.slice(1))
				.toSorted(),
		).toEqual(copied.toSorted());
	});
	it("runs as an unprivileged user, with locked dependencies", () => {
		expect(dockerfile).toMatch(/^USER node$/m);
		expect(dockerfile).toMatch(/^RUN npm ci --omit=dev /m);
		expect(dockerfile.indexOf("USER node")).toBeGreaterThan(dockerfile.lastIndexOf("RUN "));
	});
	it("is healthy while its node answers, and not if the node fails or does not answer", async () => {
		const [command = "", ...args] = JSON.parse(/^HEALTHCHECK .*CMD (.+)$/m.exec(dockerfile)?.[1] ?? "[]") as string[];
		expect(command).toBe("node");
		const asked: (string | undefined)[] = [];
		let status = 200;
		const server = createServer((req, res) => (asked.push(req.url), res.writeHead(status).end()));
		await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
		const { port } = server.address() as AddressInfo;
		const look = () =>
			promisify(execFile)(process.execPath, args, { env: { METRICS_PORT: String(port) } }).then(
				() => 0,
				({ code }: { readonly code: number }) => code,
			);
		expect(await look()).toBe(0);
		status = 500;
		expect(await look()).toBe(1);
		await new Promise((closed) => server.close(closed));
		expect(await look()).toBe(1);
		expect(asked).toEqual(["/metrics", "/metrics"]);
	});
});

describe("Prometheus and Grafana", () => {
	const scraping = parsed<Scraping>("docs/prometheus/prometheus.yml");
	const prometheus = compose.services["prometheus"];
	const grafana = compose.services["grafana"];
	it("scrape the metrics of every container of every node", () => {
		const [job] = scraping.scrape_configs;
		const [found] = job?.dns_sd_configs ?? [];
		expect(job?.job_name).toBe("vigie");
		expect([...(found?.names ?? [])].toSorted()).toEqual(nodes.map(([name]) => name).toSorted());
		expect([found?.type, found?.port]).toEqual(["A", image["METRICS_PORT"]]);
	});
	it("read the alerts and the settings that are mounted", () => {
		const to = prometheus?.volumes?.map((volume) => volume.split(":")[1]);
		expect(scraping.rule_files.filter((file) => !to?.includes(file))).toEqual([]);
		expect(prometheus?.volumes?.map((volume) => volume.split(":")[0])).toEqual(
			expect.arrayContaining(["./docs/grafana/alerts.yml", "./docs/prometheus/prometheus.yml"]),
		);
	});
	it("show the dashboard with the data of that Prometheus", () => {
		const providers = parsed<{ providers: readonly { options: { path: string } }[] }>("docs/grafana/provisioning/dashboards/vigie.yml");
		const sources = parsed<{ datasources: readonly { type: string; url: string }[] }>(
			"docs/grafana/provisioning/datasources/prometheus.yml",
		);
		const dashboard = `${providers.providers[0]?.options.path}/vigie.json`;
		expect(grafana?.volumes).toContain(`./docs/grafana/vigie.json:${dashboard}:ro`);
		expect(grafana?.volumes).toContain("./docs/grafana/provisioning:/etc/grafana/provisioning:ro");
		expect(grafana?.environment?.["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]).toBe(dashboard);
		expect(compose.services).toHaveProperty(new URL(sources.datasources[0]?.url ?? "").hostname);
		expect(sources.datasources.map(({ type }) => type)).toEqual(["prometheus"]);
	});
});
