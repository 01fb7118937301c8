<?php
namespace App\Command;

use Monolog\Handler\StreamHandler;
use Monolog\Logger;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;
use Symfony\Component\Console\Output\OutputInterface;
use Symfony\Component\Console\Helper\Table;
use Symfony\Component\EventDispatcher\EventDispatcher;
use Symfony\Component\Yaml\Yaml;

class All extends Command
{
    protected static $defaultName = 'work:all';

    protected function configure(): void
    {
        $this->setDescription('Do all work')->addOption('only', null, InputOption::VALUE_REQUIRED);
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $log = new Logger('work', [new StreamHandler('/tmp/work.log', $_ENV['LOG_LEVEL'])]);
        $dispatcher = new EventDispatcher();
        $dispatcher->addListener('done', fn ($event) => $log->info('done {name}', ['name' => $event->name]));
        $rows = [];
        foreach (Yaml::parseFile(__DIR__ . '/../../config/jobs.yaml')['jobs'] as $name) {
            if ($input->getOption('only') && $input->getOption('only') !== $name) {
                continue;
            }
            $class = 'App\\Job\\' . ucfirst($name);
            try {
                $rows[] = [$name, json_encode((new $class())->run(), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES)];
            } catch (\Throwable $error) {
                $rows[] = [$name, get_class($error) . ': ' . $error->getMessage()];
            }
            $event = new \stdClass();
            $event->name = $name;
            $dispatcher->dispatch($event, 'done');
        }
        (new Table($output))->setHeaders(['job', 'result'])->setRows($rows)->render();
        return Command::SUCCESS;
    }
}
