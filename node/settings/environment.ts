/** Environment - the variables that the system reads, with their defaults and meanings. The settings, the reference and the README use this list. */

interface Variable {
	/** The value if the variable is not set; the code uses it, too. */
	readonly default?: string;
	/** A description of the default if it is not a fixed value. */
	readonly unset?: string;
	readonly means: string;
	/** The value is or can contain a secret: the setting may also come from a file (secrets.ts). */
	readonly secret?: true;
}

export const ENVIRONMENT = {
	DATA_DIR: {
		default: "./data",
		means:
			"data folder: `events.db`, the log; `rows.db`, the read models, which can be rebuilt from the log; `keys.db`, the keys under which personal data is sealed; `keys`, the keys that sign the log, and the master key",
	},
	HOST: {
		default: "127.0.0.1",
		means: "address the gateway and the metrics listen on; one that other machines can reach needs TLS_CERT, or BEHIND_PROXY",
	},
	TLS_CERT: {
		unset: "none: plain HTTP",
		means:
			"file with the certificate of the gateway and the metrics, as PEM, with those of its issuers; both then speak TLS 1.2 or later. The files of TLS_CERT and TLS_KEY are loaded again when they change",
	},
	TLS_KEY: { unset: "none", means: "file with the private key of that certificate, as PEM, not encrypted" },
	BEHIND_PROXY: {
		default: "off",
		means: "`on`: clients reach this node only through a proxy that encrypts, so HOST may be any address without TLS_CERT",
	},
	ALLOWED_HOSTS: {
		unset: "none",
		means:
			"further host names of the gateway and of METRICS_PORT, e.g. `vigie.example.org`, separated by commas; a request whose `Host` is not one of them, HOST, a loopback name or the local address of its connection is refused",
	},
	CORS_ORIGINS: {
		unset: "none",
		means:
			"origins of web pages of other sites that may read answers and send commands, e.g. `https://app.example.org`, separated by commas; `https`, or `http` with a loopback name",
	},
	BOOTSTRAP_TOKEN: {
		unset: "none",
		means:
			"at least 32 characters: the secret of the client `bootstrap`, which has every role of a person, for automation of a new system; readiness warns until it is revoked. A token that was revoked once does not come back",
		secret: true,
	},
	VIGIE_TOKEN: {
		unset: "the token of the data folder",
		means: "token of a session, or secret of a client, that `npm run import` and `npm run demo -- --url` send to the gateway",
		secret: true,
	},
	SESSION_IDLE: { default: "15m", means: "time without use after which a session ends: `90s`, `15m`, `1h`; use is recorded once a minute" },
	SESSION_LIFETIME: { default: "8h", means: "time after which every session ends" },
	PORT: { default: "3000", means: "port of the gateway; 0 for any free port" },
	KEEP_ALIVE: {
		default: "75",
		means:
			"seconds an idle connection to the gateway stays open; has to be longer than the timeout of a load balancer in front, which otherwise sometimes answers 502",
	},
	RATE_REQUESTS: {
		default: "300",
		means:
			"requests a second that one client may send to the gateway, in bursts of ten times as many; beyond that 429 TOO_MANY_REQUESTS; 0 for no limit. A client is an address, or the /64 network of an IPv6 address; with BEHIND_PROXY, the last one in `X-Forwarded-For`. Clients on the same machine have no limit",
	},
	RATE_CONTENT: {
		default: "16",
		means:
			"MiB of content a second that one client may send to the gateway, in bursts of ten times as much; beyond that the gateway reads it more slowly; 0 for no limit. Lines of NDJSON count here, not as requests",
	},
	SERVICES: {
		unset: "all",
		means:
			"roles, contexts or services to start, e.g. `radar-commands`, `queries`, `radar,gateway`; `radar/radar` is the service if its context has the same name",
	},
	PARTITIONS: {
		unset: "those of the log; for a new log 1, on MongoDB 16",
		means: "number of partitions of a new log, at most 64; it cannot change later",
	},
	LOG_LEVEL: { default: "warn", means: "`fatal`, `error`, `warn`, `info`, `debug`, `trace`" },
	METRICS: { default: "on", means: "`off` disables the metrics" },
	METRICS_PORT: { unset: "none", means: "a separate port for the metrics, besides `GET /api/metrics`; 0 for any free port" },
	SIGNING_KEY: {
		unset: "the one in `keys`, created at the first start",
		means: "Ed25519 private key that signs the heads of the log, as PEM or as base64 of its PKCS8",
		secret: true,
	},
	TRUSTED_KEYS: {
		unset: "none",
		means: "Ed25519 public keys of other nodes, whose signatures are valid too, as base64 of their SPKI, separated by commas",
	},
	MASTER_KEY: {
		unset: "the one in `keys`, created at the first start",
		means:
			"key that wraps the keys under which personal data is sealed: 32 bytes in base64. With several, separated by commas, the first wraps and all unwrap, until `es-rewrap` has run. All nodes on one database need the same",
		secret: true,
	},
	KEYS_URL: {
		unset: "that of MONGO_URL, with `-keys` after the name of the database",
		means: "database of the keys under which personal data is sealed, if logs and rows are on MongoDB; it has backups of its own",
		secret: true,
	},
	NATS_URL: {
		unset: "none",
		means:
			"NATS servers that connect the nodes of a cluster, e.g. `nats://localhost:4222`, several separated by commas; `nats://user:password@host` or `nats://token@host`, percent-encoded; `tls://` always encrypts",
		secret: true,
	},
	NATS_CREDS: { unset: "none", means: "file with this node's credentials for NATS: a `.creds` file or an nkey seed" },
	NATS_CA: {
		unset: "the system's CA certificates",
		means: "file with the CA certificates that NATS is verified with; if set, the connection is always encrypted",
	},
	NATS_CERT: { unset: "none", means: "file with this node's client certificate for NATS (mutual TLS)" },
	NATS_KEY: { unset: "none", means: "file with the private key of that certificate" },
	CLUSTER_KEY: {
		unset: "none; required with NATS_URL",
		means:
			"secret of the cluster, the same on all nodes: 32 random bytes as base64 or hex (`openssl rand -base64 32`). It encrypts and authenticates everything that nodes send each other. During a rotation two keys, separated by a comma: the first one is used to send, both to receive",
		secret: true,
	},
	MONGO_URL: { unset: "none", means: "database for logs and read models, e.g. `mongodb://localhost/vigie?replicaSet=rs0`", secret: true },
	MONGO_USER: { unset: "none", means: "user for MongoDB, instead of one in MONGO_URL; `authSource` in MONGO_URL names its database" },
	MONGO_PASSWORD: { unset: "none", means: "password of that user, not encoded", secret: true },
	MONGO_CA: {
		unset: "the system's CA certificates",
		means:
			"file with the CA certificates that MongoDB is verified with, as PEM; if set, the connection is always encrypted, as with `tls=true` in MONGO_URL",
	},
	MONGO_CERT_KEY: {
		unset: "none",
		means:
			"file with this node's client certificate for MongoDB and its private key, as PEM, not encrypted; if set, the connection is always encrypted",
	},
	INSTALLATION: {
		unset: "that of the store, or the only one on NATS",
		means:
			"ID of the installation this node belongs to; required on nodes without a store if several installations use the same NATS. A new store gets this ID; the node refuses the store of another installation",
	},
	NODE_ID: { unset: "host and process", means: "name of this node in a cluster; each node needs its own" },
	CLOCK: {
		default: "system",
		means:
			"`system`, or `manual:<instant>` for training and tests: time stands still at the instant until `POST /api/clock/advance`; the same on all nodes",
	},
	NODE_ENV: { unset: "none", means: "`test` freezes every state, so that code that modifies one throws at once" },
} as const satisfies Readonly<Record<string, Variable>>;
