export default () => 'plugin';
