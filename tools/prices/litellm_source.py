"""LiteLLM's list: limits, capabilities, dates of deprecation, and prices to compare with."""

import json
import zipfile
from decimal import Decimal

MEMBER = "litellm/model_prices_and_context_window_backup.json"

# Its names of providers -> those of the catalogue.
PROVIDERS = {
    "openai": "openai",
    "text-completion-openai": "openai",
    "anthropic": "anthropic",
    "azure": "azure",
    "azure_ai": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "gemini": "google",
    "vertex_ai": "google",
    "vertex_ai-language-models": "google",
    "vertex_ai-embedding-models": "google",
    "mistral": "mistral",
    "groq": "groq",
    "deepseek": "deepseek",
    "xai": "x-ai",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "fireworks_ai-embedding-models": "fireworks",
    "cerebras": "cerebras",
    "moonshot": "moonshotai",
    "novita": "novita",
    "voyage": "voyageai",
    "databricks": "databricks",
    "zai": "zai",
    "minimax": "minimax",
    "baseten": "baseten",
    "cloudflare": "cloudflare",
    "ovhcloud": "ovhcloud",
    "meta": "meta",
    "github_copilot": "github-copilot",
}
CAPABILITIES = {
    "supports_function_calling": "tools",
    "supports_parallel_function_calling": "parallelTools",
    "supports_vision": "vision",
    "supports_pdf_input": "pdf",
    "supports_audio_input": "audioInput",
    "supports_audio_output": "audioOutput",
    "supports_video_input": "videoInput",
    "supports_reasoning": "reasoning",
    "supports_response_schema": "schema",
    "supports_prompt_caching": "promptCaching",
    "supports_web_search": "webSearch",
    "supports_computer_use": "computerUse",
}
COMPARED = {
    "input_cost_per_token": "input",
    "cache_read_input_token_cost": "cachedInput",
    "cache_creation_input_token_cost": "cacheWrite",
    "output_cost_per_token": "output",
}
MILLION = 1_000_000


def models(wheel):
    """(catalogue provider, name as that provider calls it) -> the entry."""
    text = zipfile.ZipFile(wheel).read(MEMBER)
    out = {}
    for key, entry in json.loads(text, parse_float=Decimal).items():
        theirs = entry.get("litellm_provider")
        provider = PROVIDERS.get(theirs)
        if provider is None:
            continue
        name = key.lower()
        for prefix in (theirs, theirs.split("-")[0], "bedrock", "fireworks_ai"):
            name = name.removeprefix(prefix + "/")
        known = out.get((provider, name))
        # One name at two of its providers (gemini/ and vertex_ai/): the first stands.
        if known is None:
            out[(provider, name)] = entry
    return out


def whole(entry, field):
    value = entry.get(field)
    return int(value) if isinstance(value, (int, Decimal)) and 0 < value <= 1 << 40 else None


def facts(entry):
    """What the catalogue takes over: limits, capabilities, the date of deprecation, uplifts."""
    out = {}
    limits = {
        "input": whole(entry, "max_input_tokens"),
        "output": whole(entry, "max_output_tokens"),
    }
    limits = {name: value for name, value in limits.items() if value}
    if limits:
        out["limits"] = limits
    date = entry.get("deprecation_date")
    if date and len(date) == 10:
        out["deprecation"] = date
    can = [ours for theirs, ours in CAPABILITIES.items() if entry.get(theirs) is True]
    if can:
        out["can"] = sorted(can)
    uplifts = {
        region: str(value)
        for region in ("eu", "us")
        if (value := entry.get(f"regional_processing_uplift_multiplier_{region}"))
    }
    if uplifts:
        out["uplift"] = uplifts
    return out


def prices(entry):
    """Its standard prices, per million tokens, where it has them."""
    out = {}
    for theirs, ours in COMPARED.items():
        value = entry.get(theirs)
        if isinstance(value, (int, Decimal)) and value >= 0:
            out[ours] = Decimal(value) * MILLION
    return out
