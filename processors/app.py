"""The Faust app, its table and its consumer."""

from typing import cast

import faust

from processors.config import WorkerConfig
from processors.state.shard import Summarise
from processors.state.vendor_table import ReadSchemas, VendorTable
from processors.transport.strict_recovery import StrictTableManager
from processors.transport.strict_transport import StrictConsumer, StrictTransport


def create_app(config: WorkerConfig, *, partitions: int) -> faust.App:
    """A Faust app over the strict transport, without agents yet."""
    app = faust.App(
        config.group,
        broker=[f"kafka://{server.strip()}" for server in config.bootstrap.split(",")],
        datadir=config.data_folder,
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        topic_partitions=partitions,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=config.session_timeout,
        broker_heartbeat_interval=config.heartbeat_interval,
        broker_rebalance_timeout=config.rebalance_timeout,
        broker_request_timeout=max(config.session_timeout, 40.0) + 5.0,
        broker_commit_interval=config.commit_interval,
        stream_recovery_delay=0.0,
        stream_wait_empty=False,
        TableManager=StrictTableManager,
    )
    app.transport = StrictTransport(app.conf.broker, app, loop=None)
    return app


def create_table(
    app: faust.App, *, partitions: int, summarise: Summarise, read_schemas: ReadSchemas, record_topic: str = ""
) -> VendorTable:
    """The table of vendors. ``record_topic``: the present id of ``vendor-record``."""
    table = VendorTable(
        app,
        name="vendors",
        partitions=partitions,
        summarise=summarise,
        record_topic=record_topic,
        read_schemas=read_schemas,
        beacon=app.tables.beacon,
    )
    app.tables.add(table)
    return table


def consumer_of(app: faust.App) -> StrictConsumer:
    """The app's consumer, once it runs."""
    return cast("StrictConsumer", app.consumer)
