"""The ids of our environments, as Gymnasium's registry holds them: names and import paths alone."""

from gymnasium.envs.registration import register as _register
from gymnasium.envs.registration import registry

__all__ = ["IDS", "register"]

IDS: dict[str, tuple[str, str]] = {
    "quantgym/Trading-v0": ("quantgym.envs.single:TradingEnv", "quantgym.envs.batch:TradingVectorEnv"),
    "quantgym/Portfolio-v0": ("quantgym.envs.single:PortfolioEnv", "quantgym.envs.portfolio:PortfolioVectorEnv"),
    "quantgym/Execution-v0": ("quantgym.envs.tasks.execution:ExecutionEnv", "quantgym.envs.tasks.execution:ExecutionVectorEnv"),
    "quantgym/MarketMaking-v0": (
        "quantgym.envs.tasks.market_making:MarketMakingEnv", "quantgym.envs.tasks.market_making:MarketMakingVectorEnv",
    ),
    "quantgym/CarteaJaimungal-v0": (
        "quantgym.envs.worlds.cartea_jaimungal:CarteaJaimungalEnv",
        "quantgym.envs.worlds.cartea_jaimungal:CarteaJaimungalVectorEnv",
    ),
    "quantgym/AvellanedaStoikov-v0": (
        "quantgym.envs.worlds.avellaneda_stoikov:AvellanedaStoikovEnv",
        "quantgym.envs.worlds.avellaneda_stoikov:AvellanedaStoikovVectorEnv",
    ),
    "quantgym/StrategySelection-v0": (
        "quantgym.envs.tasks.selection:SelectionEnv", "quantgym.envs.tasks.selection:SelectionVectorEnv"),
    "quantgym/Leak-v0": ("quantgym.envs.worlds.leak:LeakEnv", "quantgym.envs.worlds.leak:LeakVectorEnv"),
    "quantgym/Kelly-v0": ("quantgym.envs.worlds.kelly:KellyEnv", "quantgym.envs.worlds.kelly:KellyVectorEnv"),
    "quantgym/Merton-v0": ("quantgym.envs.worlds.merton:MertonEnv", "quantgym.envs.worlds.merton:MertonVectorEnv"),
    "quantgym/MeanReversion-v0": (
        "quantgym.envs.worlds.mean_reversion:MeanReversionEnv", "quantgym.envs.worlds.mean_reversion:MeanReversionVectorEnv"),
    "quantgym/AlmgrenChriss-v0": (
        "quantgym.envs.worlds.almgren_chriss:AlmgrenChrissEnv", "quantgym.envs.worlds.almgren_chriss:AlmgrenChrissVectorEnv"),
    "quantgym/NoEdge-v0": ("quantgym.envs.worlds.no_edge:NoEdgeEnv", "quantgym.envs.worlds.no_edge:NoEdgeVectorEnv"),
    "quantgym/BlackScholesHedge-v0": ("quantgym.envs.worlds.black_scholes_hedge:BlackScholesHedgeEnv",
                                      "quantgym.envs.worlds.black_scholes_hedge:BlackScholesHedgeVectorEnv"),
    "quantgym/HiddenRegime-v0": ("quantgym.envs.worlds.hidden_regime:HiddenRegimeEnv",
                                 "quantgym.envs.worlds.hidden_regime:HiddenRegimeVectorEnv"),
    "quantgym/LeadLag-v0": ("quantgym.envs.worlds.lead_lag:LeadLagEnv", "quantgym.envs.worlds.lead_lag:LeadLagVectorEnv"),
    "quantgym/OptionHedging-v0": ("quantgym.envs.tasks.option_hedging:OptionHedgingEnv",
                                  "quantgym.envs.tasks.option_hedging:OptionHedgingVectorEnv"),
}
"""Id to (environment, vector environment), imported when one is made."""


def register() -> None:
    """Register every id that is not registered yet."""
    for name, (single, batch) in IDS.items():
        if name not in registry:
            _register(name, entry_point=single, vector_entry_point=batch, order_enforce=False, disable_env_checker=True)


register()
