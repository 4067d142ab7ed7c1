// node-llama-cpp with its prebuilt library, by the protocol of protocol.py. Greedy, through its public interface.
//
// Its library is built without OpenMP: threads wait for each other by spinning, so beside another busy process two
// threads on two cores come to a crawl. That is a result, and the driver's time limit reports it.
import {createInterface} from "node:readline";
import {pathToFileURL} from "node:url";
import {readFileSync} from "node:fs";

const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
const config = JSON.parse(process.argv[2]);
const folder = process.env.NODE_LLAMA_CPP;

async function load() {
    const {getLlama} = await import(pathToFileURL(folder + "/dist/index.js"));
    const llama = await getLlama({gpu: false, build: "never", logLevel: "error", maxThreads: config.threads});
    const model = await llama.loadModel({modelPath: config.model});
    const contextOf = (sequences) => model.createContext({
        sequences, contextSize: config.context, batchSize: Math.max(512, sequences * 64), threads: config.threads
    });
    const single = await contextOf(1);
    const many = await contextOf(config.seqs);
    const take = (context, count) => Array.from({length: count}, () => context.getSequence());
    return {
        single: take(single, 1), many: take(many, config.seqs),
        about: {
            version: "node-llama-cpp " + JSON.parse(readFileSync(folder + "/package.json")).version,
            features: llama.systemInfo, flags: `threads ${single.currentThreads}, greedy`
        }
    };
}

async function prompt(engine, ids) {
    await engine.single[0].clearHistory();
    const start = performance.now();
    for await (const _ of engine.single[0].evaluate(ids, {temperature: 0, yieldEogToken: true})) break;
    return (performance.now() - start) / 1000;
}

// From the moment when every sequence has its first token to the first end; sequences that wait for others get the
// same number of steps in it, and what they made before is not counted.
async function decode(engine, prompts, count) {
    const sequences = prompts.length === 1 ? engine.single : engine.many;
    const times = await Promise.all(prompts.map(async (ids, index) => {
        await sequences[index].clearHistory();
        const stamps = [];
        for await (const _ of sequences[index].evaluate(ids, {temperature: 0, yieldEogToken: true})) {
            stamps.push(performance.now());
            if (stamps.length > count) break;
        }
        return stamps;
    }));
    const start = Math.max(...times.map((stamps) => stamps[0]));
    const end = Math.min(...times.map((stamps) => stamps.at(-1)));
    const made = times.flat().filter((at) => at > start && at <= end).length;
    if (made === 0) throw new Error("the sequences did not run side by side");
    return (end - start) / 1000 * (count * prompts.length / made);
}

let engine;
try {
    engine = await load();
    say({ready: true, about: engine.about});
} catch (error) {
    say({error: `cannot load: ${error.message}`});
    process.exit(0);
}
for await (const line of createInterface({input: process.stdin})) {
    const request = JSON.parse(line);
    try {
        const seconds = request.test === "prompt"
            ? await prompt(engine, request.prompts[0])
            : await decode(engine, request.prompts, request.n_gen);
        say({seconds});
    } catch (error) {
        say({error: error.message});
    }
}
process.exit(0);
