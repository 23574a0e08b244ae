# One image for every node: which services a container runs is a setting (SERVICES).
FROM node:24.21.0-slim
WORKDIR /vigie
# HOST is reachable from outside the container, so a node needs TLS_CERT and TLS_KEY, or BEHIND_PROXY=on.
ENV NODE_ENV=production DATA_DIR=/data HOST=0.0.0.0 METRICS_PORT=9100
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY moleculer.config.ts ./
COPY model model
COPY jurisdictions jurisdictions
COPY store store
COPY mixins mixins
COPY services services
COPY node node
COPY cli cli
COPY demo demo
# A volume mounted there takes owner and mode from here.
RUN mkdir -p /data/keys && chmod 700 /data /data/keys && chown -R node:node /data
USER node
VOLUME /data
EXPOSE 3000 9100
# Whether this process answers; whether the whole is ready, GET /api/health/ready says.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["node", "-e", "const { METRICS_PORT: port, TLS_CERT } = process.env; require(TLS_CERT ? 'node:https' : 'node:http').get({ host: '127.0.0.1', port, path: '/metrics', rejectUnauthorized: false }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "--disable-warning=ExperimentalWarning", "cli/start.ts"]
