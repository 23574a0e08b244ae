/** Address - where a MongoDB is, and how to connect to it: verified and encrypted, and as which user. */
import type { MongoClientOptions } from "mongodb";

export interface MongoAccess {
	/** File with the certificates of the issuers that are trusted, as PEM; undefined for those of the system. */
	readonly caFile?: string | undefined;
	/** File with the certificate and the private key of this client, as PEM. */
	readonly certKeyFile?: string | undefined;
	readonly user?: string | undefined;
	readonly password?: string | undefined;
}
export interface MongoAddress extends MongoAccess {
	/** `mongodb://host/database` */
	readonly url: string;
}

/** The driver throws if the URL says the opposite of these options. With `tls`, it never connects in plain text. */
export function accessOptions({ caFile, certKeyFile, user, password }: MongoAccess): MongoClientOptions {
	return {
		...(caFile === undefined && certKeyFile === undefined ? {} : { tls: true }),
		...(caFile === undefined ? {} : { tlsCAFile: caFile }),
		...(certKeyFile === undefined ? {} : { tlsCertificateKeyFile: certKeyFile }),
		...(user === undefined ? {} : { auth: { username: user, password: password ?? "" } }),
	};
}
