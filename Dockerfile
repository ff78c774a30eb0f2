# scimd in a minimal image, as a user without rights, its SQLite database in the volume /data.
#
#   docker build -t scimd .
#   docker run --name scimd -p 127.0.0.1:8080:8080 -e SCIMD_PLAIN_HTTP=anywhere -v scimd:/data --stop-timeout 35 scimd
#   docker exec scimd scimd token create default
#
# SCIMD_PLAIN_HTTP says that nobody but this machine, or a proxy on it that ends TLS, reaches the port: see to it, as above. With a
# certificate instead: -p 443:8080 -v /etc/scimd:/etc/scimd:ro -e SCIMD_CONFIG=/etc/scimd/scimd.toml
# With PostgreSQL: -e SCIMD_DATABASE_URL=postgres://USER:PASSWORD@HOST/DATABASE, and no volume.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin scimd \
 && mkdir /data

# glibc, certificates and nothing else; no shell.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/scimd /usr/local/bin/scimd
# The volume takes its owner from here.
COPY --from=build --chown=nonroot:nonroot /data /data
ENV SCIMD_DATABASE_URL=sqlite:/data/scimd.db \
    SCIMD_LISTEN=0.0.0.0:8080
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/usr/local/bin/scimd", "health"]
ENTRYPOINT ["/usr/local/bin/scimd"]
CMD ["serve"]
