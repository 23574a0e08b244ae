/** Environment - every variable the system reads: what holds where it is not set, and what it says. Settings, reference and README go by this one list. */

interface Variable {
	/** As it would be written; the code itself falls back on it. */
	readonly default?: string;
	/** In words, where there is no such text. */
	readonly unset?: string;
	readonly means: string;
}

export const ENVIRONMENT = {
	DATA_DIR: {
		default: "./data",
		means: "folder of what is kept: `events.db`, the log; `rows.db`, read models, which the log can give again; `keys`, who signs the log",
	},
	HOST: { default: "127.0.0.1", means: "address the gateway and the metrics listen on" },
	ALLOWED_HOSTS: {
		unset: "none",
		means:
			"further host names of the gateway, e.g. `vigie.example.org`, separated by commas; a request whose `Host` is not one of them, HOST, a loopback name or the local address of its connection is refused",
	},
	PORT: { default: "3000", means: "port of the gateway; 0 takes a free one" },
	KEEP_ALIVE: {
		default: "75",
		means:
			"seconds an idle connection to the gateway stays open; longer than the load balancer in front keeps it, or that answers 502 at times",
	},
	SERVICES: {
		unset: "all",
		means:
			"roles, contexts or services to start, e.g. `radar-commands`, `queries`, `radar,gateway`; `radar/radar` is the service if its context has the same name",
	},
	PARTITIONS: {
		unset: "what the log holds, else 1, on MongoDB 16",
		means: "partitions of a new log, 64 at the most; a log keeps those it was made with",
	},
	LOG_LEVEL: { default: "warn", means: "`fatal`, `error`, `warn`, `info`, `debug`, `trace`" },
	METRICS: { default: "on", means: "`off` counts and shows nothing" },
	METRICS_PORT: { unset: "none", means: "a port of their own for the metrics, besides `GET /api/metrics`; 0 takes a free one" },
	SIGNING_KEY: {
		unset: "the one in `keys`, made at the first start",
		means: "Ed25519 private key that signs the heads of the log, as PEM or as base64 of its PKCS8",
	},
	TRUSTED_KEYS: {
		unset: "none",
		means: "Ed25519 public keys of other nodes, whose signatures count too, as base64 of their SPKI, separated by commas",
	},
	NATS_URL: {
		unset: "none",
		means:
			"the nodes of a cluster find each other there, e.g. `nats://localhost:4222`, several separated by commas; `nats://user:password@host` or `nats://token@host`, percent-encoded; `tls://` always encrypts",
	},
	NATS_CREDS: { unset: "none", means: "file with this node's credentials for NATS: a `.creds` file or an nkey seed" },
	NATS_CA: {
		unset: "the system's CA certificates",
		means: "file with the CA certificates that NATS is verified with; if set, the connection is always encrypted",
	},
	NATS_CERT: { unset: "none", means: "file with this node's client certificate for NATS (mutual TLS)" },
	NATS_KEY: { unset: "none", means: "file with the private key of that certificate" },
	MONGO_URL: { unset: "none", means: "logs and read models are kept there, e.g. `mongodb://localhost/vigie?replicaSet=rs0`" },
	INSTALLATION: {
		unset: "that of the store, or the only one on NATS",
		means:
			"ID of the installation this node belongs to; required on nodes without a store if several installations use the same NATS. A new store gets it, another one's store is refused",
	},
	NODE_ID: { unset: "host and process", means: "name of this node in a cluster; no two may have the same" },
	NODE_ENV: { unset: "none", means: "`test` freezes every state, so that whoever writes to one is told at once" },
} as const satisfies Readonly<Record<string, Variable>>;
