#!/bin/sh
# Writes the secrets of docker-compose.yml to the folder "secrets", once: a password that NATS asks every node for, the key of the cluster, the
# token of the first client, and the master key of personal data.
# Containers run as several users, so the files are readable, and the folder is closed.
set -eu
folder="${1:-$(dirname "$0")/../../secrets}"
umask 022
mkdir -p -m 700 "$folder"
# Also for a folder of an earlier version, which has none.
[ -e "$folder/master_key" ] || head -c 32 /dev/urandom | base64 >"$folder/master_key"
if [ -e "$folder/nats.conf" ]; then
	echo "$folder has secrets already" >&2
	exit 0
fi
password="$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')"
head -c 32 /dev/urandom | base64 >"$folder/cluster_key"
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$folder/bootstrap_token"
printf 'nats://vigie:%s@nats:4222\n' "$password" >"$folder/nats_url"
printf 'authorization {\n  user: vigie\n  password: "%s"\n}\n' "$password" >"$folder/nats.conf"
