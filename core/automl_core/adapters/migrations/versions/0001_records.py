"""Tables of all records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from automl_core.adapters.sql_tables import PlainText

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "datasets",
        sa.Column("dataset_id", PlainText(), nullable=False),
        sa.Column("owner_id", PlainText(), nullable=False),
        sa.Column("created_at", PlainText(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", PlainText(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", name="pk_datasets"),
    )
    op.create_index(
        "ix_datasets_owner_id_created_at_dataset_id",
        "datasets",
        ["owner_id", "created_at", "dataset_id"],
    )
    op.create_table(
        "jobs",
        sa.Column("job_id", PlainText(), nullable=False),
        sa.Column("owner_id", PlainText(), nullable=False),
        sa.Column("created_at", PlainText(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("dataset_id", PlainText(), nullable=False),
        sa.Column("status", PlainText(), nullable=False),
        sa.Column("is_deployed", sa.Boolean(), nullable=False),
        sa.Column("search_text", PlainText(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    for columns in (
        ["owner_id", "created_at", "job_id"],
        ["owner_id", "status", "created_at", "job_id"],
        ["owner_id", "dataset_id", "created_at", "job_id"],
        ["owner_id", "is_deployed", "created_at", "job_id"],
        ["status", "created_at", "job_id"],
        ["dataset_id", "status"],
    ):
        op.create_index("_".join(["ix_jobs", *columns]), "jobs", columns)
    op.create_table(
        "job_tags",
        sa.Column("job_id", PlainText(), nullable=False),
        sa.Column("tag", PlainText(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "tag", name="pk_job_tags"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.job_id"], ondelete="CASCADE", name="fk_job_tags_job_id_jobs"
        ),
    )
    op.create_index("ix_job_tags_tag_job_id", "job_tags", ["tag", "job_id"])
    op.create_table(
        "job_progress",
        sa.Column("job_id", PlainText(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_progress"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.job_id"], ondelete="CASCADE", name="fk_job_progress_job_id_jobs"
        ),
    )
    op.create_table(
        "deployments",
        sa.Column("entry", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("deployment_id", PlainText(), nullable=False),
        sa.Column("job_id", PlainText(), nullable=False),
        sa.Column("created_at", PlainText(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_deployments"),
        sa.UniqueConstraint("deployment_id", name="uq_deployments_deployment_id"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.job_id"], ondelete="CASCADE", name="fk_deployments_job_id_jobs"
        ),
    )
    op.create_index(
        "ix_deployments_job_id_created_at_entry",
        "deployments",
        ["job_id", "created_at", "entry"],
    )
    op.create_table(
        "model_use",
        sa.Column("job_id", PlainText(), nullable=False),
        sa.Column("last_used_at", PlainText(), nullable=False),
        sa.Column("n_predictions", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_model_use"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.job_id"], ondelete="CASCADE", name="fk_model_use_job_id_jobs"
        ),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("slot", PlainText(), nullable=False),
        sa.Column("request_sha256", PlainText(), nullable=False),
        sa.Column("is_answered", sa.Boolean(), nullable=False),
        sa.Column("expires_at", PlainText(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"])


def downgrade() -> None:
    for table in (
        "idempotency_keys",
        "model_use",
        "deployments",
        "job_progress",
        "job_tags",
        "jobs",
        "datasets",
    ):
        op.drop_table(table)
