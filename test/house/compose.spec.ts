/** Compose - checks the files of `docker compose up`: every name in them refers to something that exists. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "@jest/globals";
import { connect } from "nats";
import { ENVIRONMENT } from "../../node/settings/environment.ts";
import { connectionOf } from "../../node/settings/nats-access.ts";
import { fileSettingOf, SECRETS } from "../../node/settings/secrets.ts";
import { serviceFiles } from "../../node/services.ts";
import { settingsOf } from "../../node/settings.ts";
import { GRACE } from "../../moleculer.config.ts";
import { Folder } from "../support/folder.ts";
import { freePort, onPath } from "../support/mongo.ts";
import { eventually } from "../support/system.ts";
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
	readonly read_only?: string;
	readonly cap_drop?: readonly string[];
	readonly security_opt?: readonly string[];
	readonly mem_limit?: string;
	readonly tmpfs?: readonly string[];
	readonly networks?: readonly string[];
	readonly secrets?: readonly string[];
	readonly command?: readonly string[];
	readonly privileged?: string;
	readonly cap_add?: readonly string[];
	readonly network_mode?: string;
}
interface Compose {
	readonly services: Readonly<Record<string, Container>>;
	readonly volumes: Readonly<Record<string, object>>;
	readonly networks: Readonly<Record<string, { readonly internal?: string }>>;
	readonly secrets: Readonly<Record<string, { readonly file: string }>>;
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

const compose = parsed<Compose>("docker-compose.yml"); // the tests check what they use
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

/** The roles whose services decide; only these write to logs. */
const decides = ([, { environment }]: readonly [string, Container]): boolean => /(^|-)commands$/.test(environment?.["SERVICES"] ?? "");
const isGateway = ([, { environment }]: readonly [string, Container]): boolean => environment?.["SERVICES"] === "gateway";
const SECRETS_FOLDER = "/run/secrets/";

/** The secrets as the script writes them: the content of `/run/secrets/<name>` in a container. */
const made = new Folder();
execFileSync("sh", [join(root, "docs/compose/secrets.sh"), made.path]);
afterAll(() => made.remove());
const secretFile = (name: string): string => made.file(basename(compose.secrets[name]?.file ?? "none"));
/** The settings of a container with the secrets at their places on this machine. */
const settled = (given: Readonly<Record<string, string>> = {}): Record<string, string> =>
	Object.fromEntries(
		Object.entries(given).map(([name, value]) => [
			name,
			value.startsWith(SECRETS_FOLDER) ? secretFile(value.slice(SECRETS_FOLDER.length)) : value,
		]),
	);

describe("the containers", () => {
	const folder = new Folder();
	afterAll(() => folder.remove());

	it.each(nodes.map(([name, { environment }]) => [name, environment] as const))("%s has valid settings", async (_name, given) => {
		const names = Object.keys({ ...image, ...given });
		expect(names.filter((name) => !(name in ENVIRONMENT) && !SECRETS.map(fileSettingOf).includes(name))).toEqual([]);
		const settings = await settingsOf({ ...image, ...settled(given), DATA_DIR: folder.path, PORT: "0", METRICS_PORT: "0" });
		expect(settings.host).toBe("0.0.0.0");
		const mongoUrl = given?.["SERVICES"] === "gateway" ? undefined : expect.any(String);
		expect(settings).toMatchObject({
			natsUrl: expect.stringMatching(/^nats:\/\/vigie:[\da-f]{64}@nats:4222$/),
			mongoUrl,
			nodeId: undefined,
		});
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
		for (const [name, one] of nodes) {
			const needs = one.depends_on;
			expect(Object.keys(needs ?? {})).toEqual(isGateway([name, one]) ? ["nats"] : ["nats", "mongo"]);
			for (const [needed, { condition }] of Object.entries(needs ?? {})) {
				expect(condition).toBe("service_healthy");
				expect(compose.services[needed]?.healthcheck).toBeDefined();
			}
		}
	});
	it("have more time to stop than they need", () =>
		expect(nodes.map(([, { stop_grace_period: grace = "" }]) => Number(/^(\d+)s$/.exec(grace)?.[1]) * 1000 > GRACE + 5000)).not.toContain(
			false,
		));
	it("address each other by existing names, on a network that both have", async () => {
		for (const one of nodes) {
			const { natsUrl = "", mongoUrl } = await settingsOf({
				...image,
				...settled(one[1].environment),
				DATA_DIR: folder.path,
				PORT: "0",
				METRICS_PORT: "0",
			});
			const hosts = [natsUrl, ...(mongoUrl === undefined ? [] : [mongoUrl])].map((url) => new URL(url).hostname);
			expect(hosts).toEqual(isGateway(one) ? ["nats"] : ["nats", "mongo"]);
			for (const host of hosts) expect(compose.services[host]?.networks?.some((network) => one[1].networks?.includes(network))).toBe(true);
		}
		expect(JSON.stringify(compose.services["mongo"])).toContain("host: 'mongo:27017'");
		expect(JSON.stringify(compose.services["mongo"])).toContain("_id: 'rs0'");
	});
	it("sign with one key, in a volume that only those mount that decide", () => {
		const withKeys = containers.filter((one) => mounts(one).some(([from]) => from === "keys"));
		expect(withKeys.map(([name]) => name)).toEqual(nodes.filter(decides).map(([name]) => name));
		expect(withKeys.filter((one) => !mounts(one).some(([from, to]) => from === "keys" && to === `${image["DATA_DIR"]}/keys`))).toEqual([]);
	});
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
		expect(given.filter(([name, value]) => /PASS|SECRET|TOKEN|_KEY|USER/.test(name) && !value.startsWith(SECRETS_FOLDER))).toEqual([]);
		expect(containers.filter(([, one]) => /\w+:\/\/[^"]*@|PASSWORD=/.test(JSON.stringify(one)))).toEqual([]);
	});
	it("get secrets as files, which the script writes and Git ignores", () => {
		const used = containers.flatMap(([, { secrets = [] }]) => secrets);
		expect([...new Set(used)].toSorted()).toEqual(Object.keys(compose.secrets).toSorted());
		for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/secrets\//);
		expect(readdirSync(made.path).toSorted()).toEqual(
			Object.values(compose.secrets)
				.map(({ file }) => basename(file))
				.toSorted(),
		);
		expect(read(".gitignore").split("\n")).toContain("secrets/");
		for (const [, one] of containers) {
			const named = [...JSON.stringify([one.environment, one.command]).matchAll(/\/run\/secrets\/(\w+)/g)].map(([, name]) => name);
			expect([...new Set(named)].toSorted()).toEqual([...(one.secrets ?? [])].toSorted());
		}
		const before = readFileSync(made.file("nats_url"), "utf8");
		execFileSync("sh", [join(root, "docs/compose/secrets.sh"), made.path], { stdio: "ignore" });
		expect(readFileSync(made.file("nats_url"), "utf8")).toBe(before);
	});
});

describe("every container", () => {
	it.each(containers)("%s cannot write, gains no rights, and has limits", (_name, one) => {
		expect(one).toMatchObject({ read_only: "true", cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
		expect(one.mem_limit).toMatch(/^\d+[mg]$/);
		expect([one.privileged, one.cap_add, one.network_mode]).toEqual([undefined, undefined, undefined]);
		expect(JSON.stringify(one)).not.toContain("docker.sock");
		expect(mounts([_name, one]).filter(([from]) => /^[/~]|^\.\.?$/.test(from))).toEqual([]); // no folder of the machine itself
		for (const volume of one.volumes ?? []) if (volume.startsWith("./")) expect(volume).toMatch(/:ro$/);
	});
	it.each(nodes.filter((one) => !isGateway(one)))("%s has a private data folder that it can write", (_name, { tmpfs = [] }) =>
		expect(tmpfs).toContain(`${image["DATA_DIR"]}:mode=0700,uid=1000,gid=1000`),
	);
});

describe("the networks", () => {
	const on = (network: string): string[] => containers.filter(([, one]) => one.networks?.includes(network)).map(([name]) => name);
	const inside = Object.entries(compose.networks)
		.filter(([, { internal }]) => internal === "true")
		.map(([name]) => name);
	const outside = Object.keys(compose.networks).filter((name) => !inside.includes(name));

	it("are named by every container, and all are used", () => {
		expect(containers.filter(([, { networks = [] }]) => networks.length === 0)).toEqual([]);
		expect([...new Set(containers.flatMap(([, { networks = [] }]) => networks))].toSorted()).toEqual(
			Object.keys(compose.networks).toSorted(),
		);
	});
	it("let only gateways out, of all nodes", () =>
		expect(nodes.filter(([, { networks = [] }]) => networks.some((name) => outside.includes(name)))).toEqual(nodes.filter(isGateway)));
	it("let others in only through published ports", () =>
		expect(new Set(outside.flatMap(on))).toEqual(new Set(containers.filter(([, { ports }]) => ports !== undefined).map(([name]) => name))));
	it("keep NATS and MongoDB apart, with those nodes that need them, and without ports", () => {
		const [nats, mongo] = [compose.services["nats"], compose.services["mongo"]];
		expect([nats?.ports, mongo?.ports, nats?.networks?.length, mongo?.networks?.length]).toEqual([undefined, undefined, 1, 1]);
		const names = nodes.map(([name]) => name);
		expect(on(nats?.networks?.[0] ?? "")).toEqual([...names, "nats"]);
		expect(on(mongo?.networks?.[0] ?? "")).toEqual([...nodes.filter((one) => !isGateway(one)).map(([name]) => name), "mongo"]);
	});
});

(onPath("nats-server") ? describe : describe.skip)("NATS", () => {
	it("accepts only nodes with the secret", async () => {
		const port = await freePort();
		const server = spawn("nats-server", ["-c", made.file("nats.conf"), "-a", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
		const url = readFileSync(made.file("nats_url"), "utf8").trim().replace("nats:4222", `127.0.0.1:${port}`);
		try {
			await eventually(async () => {
				const { servers, ...options } = connectionOf(url, {});
				await (await connect({ servers: [...(servers ?? [])], ...options })).close();
			});
			await expect(connect({ servers: `127.0.0.1:${port}` })).rejects.toThrow(/Authorization/i);
		} finally {
			server.kill();
		}
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
