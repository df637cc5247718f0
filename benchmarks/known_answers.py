"""It learns, shown: the shipped jobs on worlds whose best policy is known, trained and held against it.

`python benchmarks/known_answers.py --json` trains every case with three seeds and prints one JSON line for each; the exit code is 1
where one misses its bound or its time. Runs stand in `--folder`: a case whose result stands there is not trained again, one that
was killed goes on from its checkpoint, so that the same command goes on with all. `--certificate FILE` writes the results with the
commit that each was measured at; `certificate.py` shows them as a table.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import gymnasium as gym
import numpy as np

from quantgym.agents.bundle import load_bundle
from quantgym.configs.load import load_job
from quantgym.encoders.observation import Observation
from quantgym.evaluation.known_answer import known_answer_score
from quantgym.training.job import resume, train

N_EPISODES, EVALUATION_SEED = 4_096, 77_777
FAST, SLOW = 180.0, 360.0  # seconds that a PPO job, and a DQN or SAC job, may take on two cores


@dataclass(frozen=True)
class Case:
    """A shipped job, what is changed in it, and what must come out."""

    job: str
    least: float | None = None  # of the score's lower end
    most: float | None = None  # of the score's upper end, or of the turnover over random's
    limit_s: float = FAST
    changes: tuple[str, ...] = ()
    turnover: bool = False


CASES = {
    "leak_ppo": Case("leak_ppo", 0.95),
    "kelly_ppo": Case("kelly_ppo", 0.95),
    "merton_ppo": Case("merton_ppo", 0.95),
    "mean_reversion_ppo": Case("mean_reversion_ppo", 0.95),
    "merton_sac": Case("merton_sac", 0.95, limit_s=SLOW),
    "mean_reversion_sac": Case("mean_reversion_sac", 0.95, limit_s=SLOW),
    "almgren_chriss_ppo": Case("almgren_chriss_ppo", 0.95),
    "cartea_jaimungal_ppo": Case("cartea_jaimungal_ppo", 0.95),
    "no_edge_ppo": Case("no_edge_ppo", most=0.01, turnover=True),
    "leak_dqn": Case("leak_dqn", 0.95, limit_s=SLOW),
    "kelly_dqn": Case("kelly_dqn", 0.95, limit_s=SLOW),
    "hidden_regime_lstm": Case("hidden_regime_lstm", 0.9),
    "hidden_regime_memoryless": Case("hidden_regime_lstm", most=0.7, changes=("agent.body=null",)),
    "lead_lag_gnn": Case("lead_lag_gnn", 0.9),
    "lead_lag_edgeless": Case("lead_lag_gnn", most=0.5, changes=("agent.body.edges=none",)),
}


def trained(name, case, seed, folder):
    """Return the result of training a case, of this call or of an earlier one."""
    job = load_job(case.job, [*case.changes, f"seed={seed}"])
    kept = folder / f"{name}-{seed}.json"
    if kept.is_file() and (found := json.loads(kept.read_text()))["job_digest"] == job.digest:
        return found
    run = folder / f"{name}-{seed}-{job.digest[:8]}"
    done = json.loads((run / "run.json").read_text())["status"] == "done" if run.exists() else False
    if not done and (resume(run) if run.exists() else train(job, run)).status != "done":
        raise KeyboardInterrupt
    record = json.loads((run / "run.json").read_text())
    value, low, high = judged(job, run, case)
    met = (case.least is None or low >= case.least) and (case.most is None or high <= case.most)
    result = {
        "case": name, "seed": seed, "world": job.env.id, "algorithm": job.agent.algorithm, "measure": "turnover of random's"
        if case.turnover else "score", "value": value, "low": low, "high": high, "least": case.least, "most": case.most,
        "steps": record["steps"], "seconds": record["seconds"], "limit_s": case.limit_s,
        "met": met and record["seconds"] <= case.limit_s, "job_digest": job.digest, "commit": commit(),
    }  # fmt: skip
    kept.write_text(json.dumps(result, indent=2) + "\n")
    return result


def judged(job, run, case):
    """Return value, lower and upper end of what is asked of a case, on episodes of a seed that training never draws."""
    policy, settings = load_bundle(run / "bundle").policy, job.env.keywords()
    if case.turnover:
        return turnover_of_random(job.env.id, policy, settings)
    score = known_answer_score(job.env.id, policy, settings, n_episodes=N_EPISODES, seed=EVALUATION_SEED)
    return score.value, score.low, score.high


def turnover_of_random(env_id, policy, settings):
    """Return the turnover of a policy as a part of that of random positions in the same episodes, with an interval of 95 %."""
    options = {**settings, "num_envs": N_EPISODES, "info": ()}
    env = gym.make_vec(env_id, vectorization_mode=gym.VectorizeMode.VECTOR_ENTRY_POINT, **options).unwrapped
    state = [policy.initial_state(N_EPISODES)]

    def decide(observation):
        decision, state[0] = policy.act(Observation.from_flat(observation, env.layout), state[0])
        return decision.values

    mine, random = (traded(env, act) for act in (decide, env.reference_action))
    chosen = np.random.default_rng(0).integers(0, N_EPISODES, (2_000, N_EPISODES))
    low, high = np.quantile(mine[chosen].mean(axis=1) / random[chosen].mean(axis=1), [0.025, 0.975])
    return float(mine.mean() / random.mean()), float(low), float(high)


def traded(env, act):
    """Return the notional that each sub-environment trades over equity, summed over its first episode, (E,)."""
    observation, _ = env.reset(seed=EVALUATION_SEED)
    total, running = np.zeros(env.num_envs), np.ones(env.num_envs, bool)
    while running.any():
        observation, _, terminated, truncated, _ = env.step(act(observation))
        record = env.simulator.record
        total += np.where(running, record["traded_notional"] / np.maximum(record["equity_before"], 1e-9), 0.0)
        running &= ~(terminated | truncated)
    return total


def commit():
    """Return the commit that runs, with a mark where files were changed."""
    here = Path(__file__).resolve().parent
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=here, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def main():
    """Train what is asked, print every result, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line a case and seed")
    parser.add_argument("--cases", default=",".join(CASES), help="names, separated by commas (default: all)")
    parser.add_argument("--seeds", type=int, default=3, help="how many (default: 3)")
    parser.add_argument("--folder", type=Path, default=Path("runs/known_answers"), help="where runs and results stand")
    parser.add_argument("--certificate", type=Path, help="write all results here")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    results = []
    for name in options.cases.split(","):
        if name not in CASES:
            parser.error(f"unknown case {name!r}; known: {', '.join(CASES)}")
        for seed in range(1, options.seeds + 1):
            result = trained(name, CASES[name], seed, options.folder)
            results.append(result)
            bound = f">= {result['least']}" if result["least"] is not None else f"<= {result['most']}"
            line = (f"{name:24s} seed {seed}  {result['value']:7.3f} [{result['low']:.3f}, {result['high']:.3f}] {bound:8s} "
                    f"{result['seconds']:6.0f} s of {result['limit_s']:.0f}  {'met' if result['met'] else 'missed'}")
            print(json.dumps(result) if options.json else line, flush=True)
    if options.certificate is not None:
        told = {"cases": {name: asdict(case) for name, case in CASES.items()}, "results": results}
        options.certificate.write_text(json.dumps(told, indent=2) + "\n")
    return int(not all(result["met"] for result in results))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        sys.exit(130)
