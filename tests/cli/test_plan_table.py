"""A plan in words: no digests in full, no mappings, numbers with their units."""

from quantgym.cli import train
from quantgym.cli.plan_table import plan_facts


def test_a_plan_is_read_at_a_glance():
    network = {"kind": "actor_critic", "hidden": [64, 32], "activation": "relu", "body": {"kind": "lstm"}, "n_in": 8}
    plan = {"algorithm": "PPO", "rows": {"train": [21, 1_986]}, "network": network, "steps": 65_536, "observation": 151,
            "job_digest": "ab" * 32, "resources": {"parameters": 9_732, "rollout_mb": 2.5, "processors": 2}}  # fmt: skip
    assert plan_facts(plan) == {
        "algorithm": "PPO",
        "rows": ["train 21 to 1,985, 1,965 of them"],  # 1986 - 21
        "network": "actor critic: lstm under 64 x 32 relu, 9,732 parameters",
        "steps": "65,536",
        "observation": "151 numbers",
        "job digest": "abababababab",
        "rollout memory": "2.5 MB",
        "processors": 2,
    }


def test_the_command_prints_it(capsys):
    train.train("leak_ppo", dry_run=True)
    said = capsys.readouterr().out
    assert "\nnetwork           actor critic: 64 x 64 relu, 9,732 parameters\n" in said
    assert "{" not in said
