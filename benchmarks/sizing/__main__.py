"""Write event_processor/estimate/measured.json anew."""

from benchmarks.sizing import TARGET, measured

if __name__ == "__main__":
    TARGET.write_text(measured().model_dump_json(indent=1) + "\n")
    print(f"{TARGET.name} is made anew; now `make docs`")
